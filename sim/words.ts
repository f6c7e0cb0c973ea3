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
