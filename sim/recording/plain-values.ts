/* Checks of values that come from JSON of anybody's. */

const MAX_TEXT = 1000;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Finite, and not negative. */
export const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

export const isCount = (value: unknown, most = Number.MAX_SAFE_INTEGER): value is number =>
  isAmount(value) && Number.isInteger(value) && value <= most;

export const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_TEXT;

export const isList = (value: unknown, length: number, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length === length && value.every((item) => isItem(item));
