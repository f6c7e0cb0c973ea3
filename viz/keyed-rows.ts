export interface KeyedRow {
  /** What the row is about. */
  key: number;
  readonly item: HTMLElement;
}

/**
 * A row for each key, in their order: its own, else one whose key has gone, else a new one. A row that has its place
 * stays there, so that a list that moves on by a few costs those few.
 * @param rows all that there are in the list.
 */
export function arrangeRows<Row extends KeyedRow>(
  list: HTMLElement,
  rows: readonly Row[],
  keys: ReadonlySet<number>,
  make: () => Row,
): Row[] {
  const own = new Map(rows.filter(({ key }) => keys.has(key)).map((row) => [row.key, row]));
  const spare = new Map(rows.filter(({ key }) => !keys.has(key)).map((row) => [row.item as Element, row]));
  let place = list.firstElementChild;
  const arranged = [...keys].map((key) => {
    const [first] = spare.values();
    const row = own.get(key) ?? first ?? make();
    spare.delete(row.item);
    row.key = key;
    while (place !== null && place !== row.item && spare.has(place)) {
      const passed: Element = place;
      place = place.nextElementSibling;
      list.append(passed);
    }
    if (row.item === place) place = place.nextElementSibling;
    else list.insertBefore(row.item, place);
    return row;
  });
  for (const item of spare.keys()) item.remove();
  return arranged;
}
