/* Checks of values that come from JSON or YAML of anybody's. */

const MAX_TEXT = 1000;

/** With fields by name: no list, and not null. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Finite, and not negative. */
export const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** A whole number from 0 on. */
export const isCount = (value: unknown, most = Number.MAX_SAFE_INTEGER): value is number =>
  isAmount(value) && Number.isInteger(value) && value <= most;

/** Of no more than a thousand characters. */
export const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_TEXT;

/** Of exactly so many items. */
export const isList = (value: unknown, length: number, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length === length && value.every((item) => isItem(item));
