import { GIB, MIB } from '../../units.ts';

const DOCKER: Readonly<Record<string, number>> = {
  b: 1,
  k: 1024,
  m: MIB,
  g: GIB,
  t: 1024 * GIB,
};
const KUBERNETES: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: MIB,
  Gi: GIB,
  Ti: 1024 * GIB,
};

/** GiB of Docker's sizes: a number of bytes, or with b, k, m, g or t; powers of 1024. Null if it is none. */
export function dockerGib(size: unknown): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?$/i.exec(String(size ?? '').trim());
  return match === null ? null : (Number(match[1]) * DOCKER[match[2].toLowerCase() || 'b']) / GIB;
}

/** GiB of Kubernetes' quantities: `64Gi` are powers of 1024, `64G` of 1000. Null if it is none. */
export function kubernetesGib(quantity: unknown): number | null {
  const match = /^(\d+(?:\.\d+)?)([kMGT]|[KMGT]i|m)?$/.exec(String(quantity ?? '').trim());
  return match === null ? null : (Number(match[1]) * KUBERNETES[match[2] ?? '']) / GIB;
}
