import type { TraceRow } from './trace.ts';

/** Gives the blocks of prompts new ids, of another size of block if need be. Equal prefixes keep equal ids. */
export class Regrouper {
  private readonly from: number;
  private readonly to: number;
  private readonly idOf = new Map<string, number>();
  private numIds = 0;

  /** Tokens per id as it is and as it shall be; from = 0: there are no ids, so that no two prompts are alike. */
  constructor(from: number, to: number) {
    this.from = from;
    this.to = to;
  }

  idsOf({ promptTokens, hashIds = [] }: TraceRow): number[] {
    return Array.from({ length: Math.ceil(promptTokens / this.to) }, (_, block) => {
      // An id stands for all tokens up to the end of its block, so it names the prefix that ends in it.
      const lastToken = Math.min((block + 1) * this.to, promptTokens) - 1;
      const old = this.from > 0 ? hashIds[Math.floor(lastToken / this.from)] : undefined;
      return old === undefined ? this.numIds++ : this.intern(`${old} ${block}`);
    });
  }

  private intern(key: string): number {
    let id = this.idOf.get(key);
    if (id === undefined) {
      id = this.numIds++;
      this.idOf.set(key, id);
    }
    return id;
  }
}
