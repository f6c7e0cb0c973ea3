/** A value that tells its listeners when it changes. */
export class Store<T extends object> {
  private value: T;
  private readonly listeners: ((value: T, before: T) => void)[] = [];

  constructor(value: T) {
    this.value = value;
  }

  get(): T {
    return this.value;
  }

  /** Replaces the given fields; listeners hear of it at once. */
  set(change: Partial<T>): void {
    const before = this.value;
    this.value = { ...before, ...change };
    for (const listener of this.listeners) listener(this.value, before);
  }

  subscribe(listener: (value: T, before: T) => void): void {
    this.listeners.push(listener);
  }
}
