/** The bytes of a column, all lowest ones first, then all second ones, …: planes of slow counters are nearly constant. */
export function toPlanes(column: ArrayBufferView & { BYTES_PER_ELEMENT: number }): Uint8Array {
  const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  const width = column.BYTES_PER_ELEMENT;
  if (width === 1) return bytes;
  const rows = bytes.length / width;
  const planes = new Uint8Array(bytes.length);
  for (let plane = 0; plane < width; plane++) {
    for (let row = 0, at = plane; row < rows; row++, at += width) planes[plane * rows + row] = bytes[at];
  }
  return planes;
}

/** Undoes toPlanes(), into a column. */
export function fromPlanes(
  planes: Uint8Array,
  column: ArrayBufferView & { BYTES_PER_ELEMENT: number },
): void {
  const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  const width = column.BYTES_PER_ELEMENT;
  const rows = bytes.length / width;
  for (let plane = 0; plane < width; plane++) {
    for (let row = 0, at = plane; row < rows; row++, at += width) bytes[at] = planes[plane * rows + row];
  }
}
