import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrangeRows, type KeyedRow } from '../../viz/keyed-rows.ts';

/** As much of a list in a document as rows need; counts what is moved. */
class List {
  items: Item[] = [];
  moves = 0;

  get firstElementChild(): Item | null {
    return this.items[0] ?? null;
  }

  append(item: Item): void {
    this.insertBefore(item, null);
  }

  insertBefore(item: Item, before: Item | null): void {
    this.moves++;
    item.remove();
    this.items.splice(before === null ? this.items.length : this.items.indexOf(before), 0, item);
    item.list = this;
  }
}

class Item {
  list: List | null = null;

  get nextElementSibling(): Item | null {
    const { items } = this.list as List;
    return items[items.indexOf(this) + 1] ?? null;
  }

  remove(): void {
    if (this.list !== null) this.list.items = this.list.items.filter((item) => item !== this);
    this.list = null;
  }
}

const make = (): KeyedRow => ({ key: -1, item: new Item() as unknown as HTMLElement });
const arrange = (list: List, rows: readonly KeyedRow[], keys: readonly number[]) =>
  arrangeRows(list as unknown as HTMLElement, rows, new Set(keys), make);

test('the list has a row for each key, in order, whatever was there before; a key keeps its row', () => {
  const keys = fc.uniqueArray(fc.nat(12), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 6 }), (lists) => {
      const list = new List();
      let rows: KeyedRow[] = [];
      for (const wanted of lists) {
        const before = new Map(rows.map((row) => [row.key, row]));
        rows = arrange(list, rows, wanted);
        expect(rows.map(({ key }) => key)).toEqual(wanted);
        expect(list.items).toEqual(rows.map(({ item }) => item));
        for (const row of rows) if (before.has(row.key)) expect(row).toBe(before.get(row.key));
      }
    }),
    { seed: 1 },
  );
});

test('a queue that moves on by two moves two rows, and other keys move none', () => {
  const list = new List();
  const rows = arrange(list, [], [1, 2, 3, 4, 5, 6]);
  list.moves = 0;
  const later = arrange(list, rows, [3, 4, 5, 6, 7, 8]);
  expect(list.moves).toBe(2);
  arrange(list, later, [11, 12, 13, 14, 15, 16]);
  expect(list.moves).toBe(2);
});
