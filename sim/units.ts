export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;

/** Recordings and traces count whole nanoseconds. */
export const NS_PER_S = 1e9;
export const NS_PER_MS = 1e6;

/** Bytes as vLLM prints them: GiB with two digits. */
export function gib(bytes: number): string {
  return (bytes / GIB).toFixed(2);
}
