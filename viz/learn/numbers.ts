/* How the course writes numbers. */

import { grouped } from '../../sim/words.ts';

export const int = (value: number): string => grouped(Math.round(value));
export const dec = (value: number, digits = 1): string => value.toFixed(digits);
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
/** "1 block", "2 blocks", "2 copies". */
export const many = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${int(count)} ${count === 1 ? noun : nouns}`;
