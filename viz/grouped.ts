/** One for all: making it costs more than a frame has. */
const FORMAT = new Intl.NumberFormat('en-US');

/** A number with its digits in groups of three. */
export function grouped(value: number): string {
  return FORMAT.format(value);
}
