/*
 * What the constants of the step-time formulas can be; a fit that wants more has met data that the formulas do not
 * describe. Seconds and shares, as in TimingParameters; wider than those of any GPU that was measured.
 */

type Bounds = readonly [least: number, most: number];

export const TIMING_BOUNDS = {
  sampler: { t0: [1e-7, 1e-3], perSequence: [1e-8, 1e-4] },
  gemm: {
    t0: [5e-7, 5e-5],
    ec: [0.2, 1.2],
    em: [0.3, 1.1],
    p: [1, 10],
    w: [0.01, 1],
    kh: [0.5, 2000],
  },
  elt: { t0: [5e-7, 5e-5], e: [0.1, 2], r: [1, 8] },
  dec: {
    t0: [1e-6, 1e-4],
    ea: [0.2, 1.1],
    cs: [1e-12, 5e-9],
    tb: [1e-8, 5e-5],
    p: [1, 10],
    launch: [1e-8, 1e-4],
  },
  fa: { t0: [1e-6, 1e-4], ef: [0.1, 1.1], lam: [1e-4, 3], lone: [0.5, 4], p: [1, 10], launch: [1e-8, 1e-4] },
  moe: { t0: [1e-6, 1e-4], em: [0.2, 1.1], ec: [0.1, 1.1], p: [1, 10], cr: [1e-9, 5e-6] },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Bounds>>>>;

/** Among the parts of a calibration: a serving run measures all parts of a model's step at once. */
export const WHOLE_STEP = 'whole step';

export type ConstantGroup = keyof typeof TIMING_BOUNDS;

/** Least and most of one constant. */
export function boundsOf(group: ConstantGroup, name: string): Bounds {
  const bounds = (TIMING_BOUNDS[group] as Readonly<Record<string, Bounds>>)[name];
  if (bounds === undefined) throw new Error(`${group} has no constant ${name} that can be fitted`);
  return bounds;
}
