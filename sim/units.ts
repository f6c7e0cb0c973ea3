export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;

/** Recordings and traces count whole nanoseconds. */
export const NS_PER_S = 1e9;
export const NS_PER_MS = 1e6;

/** Seconds with nine digits, of whole nanoseconds: exact, where a double of seconds would round. */
export function secondsText(ns: number): string {
  const whole = Math.floor(ns / NS_PER_S);
  return `${whole}.${String(Math.round(ns - whole * NS_PER_S)).padStart(9, '0')}`;
}

/** Bytes as vLLM prints them: GiB with two digits. */
export function gib(bytes: number): string {
  return (bytes / GIB).toFixed(2);
}
