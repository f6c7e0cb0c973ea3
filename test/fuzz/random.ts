import { alea } from 'seedrandom';

/** A stream that depends on its name alone. */
export class Random {
  private readonly next: () => number;

  constructor(name: string) {
    this.next = alea(name);
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}
