export const GIB = 1024 * 1024 * 1024;
export const MIB = 1024 * 1024;

/** Bytes as vLLM prints them: GiB with two digits. */
export function gib(bytes: number): string {
  return (bytes / GIB).toFixed(2);
}
