const BITS = 11;
const MASK = (1 << BITS) - 1;

/** Items by the unsigned integers that are their keys, the least first; those with equal keys stay as they are. O(items). */
export function sortByKey(items: Int32Array, keyOf: (item: number) => number): Int32Array {
  const keys = new Uint32Array(items.length);
  let most = 0;
  for (let i = 0; i < items.length; i++) {
    keys[i] = keyOf(items[i]);
    most = Math.max(most, keys[i]);
  }
  let from: Int32Array = items;
  let to: Int32Array = new Int32Array(items.length);
  let [fromKeys, toKeys] = [keys, new Uint32Array(items.length)];
  for (let shift = 0; shift < 32 && most >>> shift > 0; shift += BITS) {
    const next = new Uint32Array(MASK + 2);
    for (let i = 0; i < from.length; i++) next[((fromKeys[i] >>> shift) & MASK) + 1]++;
    for (let digit = 0; digit < MASK; digit++) next[digit + 1] += next[digit];
    for (let i = 0; i < from.length; i++) {
      const at = next[(fromKeys[i] >>> shift) & MASK]++;
      to[at] = from[i];
      toKeys[at] = fromKeys[i];
    }
    [from, to] = [to, from === items ? new Int32Array(items.length) : from];
    [fromKeys, toKeys] = [toKeys, fromKeys];
  }
  return from;
}
