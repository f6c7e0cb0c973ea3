const MIN_CAPACITY = 8;

/** The block tables of one cache group. Tables of ended requests are used again, so steps allocate nothing. */
export class BlockTables {
  /** request → its table; valid up to length[request]. */
  readonly table: Int32Array[];
  /** request → number of entries in its table. */
  readonly length: Int32Array;
  /** log2 of capacity → tables that nobody uses. */
  private readonly spare: Int32Array[][] = [];

  constructor(numRequests: number) {
    this.table = new Array(numRequests).fill(EMPTY);
    this.length = new Int32Array(numRequests);
  }

  append(request: number, block: number): void {
    const length = this.length[request];
    let table = this.table[request];
    if (length === table.length) table = this.enlarge(request);
    table[length] = block;
    this.length[request] = length + 1;
  }

  /** Removes and returns the last entry. */
  pop(request: number): number {
    return this.table[request][--this.length[request]];
  }

  /** Forgets the table of a request. */
  clear(request: number): void {
    const table = this.table[request];
    this.length[request] = 0;
    if (table === EMPTY) return;
    this.spareFor(table.length).push(table);
    this.table[request] = EMPTY;
  }

  /** Copies of tables, one after the other, each with its length in front. */
  pack(requests: Int32Array): Int32Array {
    const lengths = requests.reduce((sum, request) => sum + this.length[request], 0);
    const packed = new Int32Array(requests.length + lengths);
    let at = 0;
    for (const request of requests) {
      const length = this.length[request];
      packed[at++] = length;
      packed.set(this.table[request].subarray(0, length), at);
      at += length;
    }
    return packed;
  }

  /** Fills the tables of these requests, which are empty, with what pack() made. */
  unpack(requests: Int32Array, packed: Int32Array): void {
    let at = 0;
    for (const request of requests) {
      const end = at + 1 + packed[at];
      for (at++; at < end; at++) this.append(request, packed[at]);
    }
  }

  private enlarge(request: number): Int32Array {
    const old = this.table[request];
    const capacity = Math.max(MIN_CAPACITY, old.length * 2);
    const table = this.spareFor(capacity).pop() ?? new Int32Array(capacity);
    table.set(old);
    if (old !== EMPTY) this.spareFor(old.length).push(old);
    this.table[request] = table;
    return table;
  }

  private spareFor(capacity: number): Int32Array[] {
    const index = 31 - Math.clz32(capacity);
    while (this.spare.length <= index) this.spare.push([]);
    return this.spare[index];
  }
}

const EMPTY = new Int32Array(0);
