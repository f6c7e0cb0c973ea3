/** The form of a verb or noun that goes with a number. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return n === 1 ? one : many;
}

/** A number with its noun. */
export function count(n: number, noun: string): string {
  return `${n} ${plural(n, noun)}`;
}

export function tokens(n: number): string {
  return count(n, 'token');
}

/**
 * A number with the digits before its point in groups of three. Intl writes the same, but takes longer to get ready
 * (14 ms) than many a run takes, on each thread.
 */
export function grouped(n: number): string {
  return String(n).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');
}
