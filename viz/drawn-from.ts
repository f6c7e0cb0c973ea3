/** Remembers what something was last made of, so that it is made again only when that differs. */
export class DrawnFrom {
  private values: readonly unknown[] = [];

  /** Whether any of the values is another than the last time. */
  differs(...values: readonly unknown[]): boolean {
    const { values: before } = this;
    if (values.length === before.length && values.every((value, i) => value === before[i])) return false;
    this.values = values;
    return true;
  }
}
