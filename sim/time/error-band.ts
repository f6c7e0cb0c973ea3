import type { Gpu } from '../catalog/gpus.ts';
import { MEASURED_ERRORS, type MeasuredError, TIMED, type Timed } from '../catalog/measured-errors.ts';
import { WHOLE_STEP } from '../catalog/timing-bounds.ts';
import { count } from '../words.ts';

/** How far off a figure may be, as a share of it: half of what was measured was within the first, all of it within the second. */
export interface ErrorBand {
  readonly median: number;
  readonly largest: number;
  /** What was measured, in words. */
  readonly source: string;
}

export type ErrorBands = Readonly<Record<Timed, ErrorBand>>;

/** Whose constants a GPU has; fitted: its own, of all kernels of a dense model. */
export type Constants = 'fitted' | 'borrowed' | 'generic';

/** Groups of constants that a part of a step takes. */
const GROUPS = { gemm: ['gemm'], attention: ['dec', 'fa'], moe: ['moe'] } as const;

type Sources = Pick<Gpu, 'timingSource' | 'calibration'>;

/** Whether the constants of a part come from measurements on this GPU: the catalogue's, or the user's own. */
export function isMeasured({ timingSource, calibration }: Sources, part: keyof typeof GROUPS): boolean {
  const fitted = /\bfitted: ([^(]*)/.exec(timingSource)?.[1] ?? '';
  const own = calibration?.parts ?? [];
  return (
    fitted.includes(part) || own.includes(WHOLE_STEP) || GROUPS[part].every((group) => own.includes(group))
  );
}

function constantsOf(gpu: Sources): Constants {
  // What a dense model takes most of its time for.
  if (isMeasured(gpu, 'gemm') && isMeasured(gpu, 'attention')) return 'fitted';
  return /\bfitted: |generic|user-given/.test(gpu.timingSource) ? 'generic' : 'borrowed';
}

/**
 * Bands of a run on a GPU. Where its own runs were measured, they count; else those of all GPUs with constants of the
 * same kind, and no figure is then trusted more than the time per output token, which most was measured of.
 * @param hasUnmeasuredParts parts of the model's step were never measured: no better than generic constants.
 */
export function errorBands(gpu: Gpu, gpus: readonly Gpu[], hasUnmeasuredParts: boolean): ErrorBands {
  const kind = constantsOf(gpu);
  const ofTokens = bandOf(gpu, gpus, 'TPOT', kind);
  const perToken = hasUnmeasuredParts ? wider(ofTokens, bandOf(null, gpus, 'TPOT', 'generic')) : ofTokens;
  const band = (figure: Timed): Known => {
    if (figure === 'TPOT') return perToken;
    const known = bandOf(gpu, gpus, figure, kind);
    return known.gpu !== null && !hasUnmeasuredParts ? known : wider(known, perToken);
  };
  return Object.fromEntries(
    TIMED.map((figure) => {
      const { median, largest, source } = atLeast(gpu, band(figure));
      return [figure, { median, largest, source }];
    }),
  ) as unknown as ErrorBands;
}

/** No calibration promises less than what it left. */
function atLeast({ calibration }: Gpu, band: Known): ErrorBand {
  if (calibration === undefined) return band;
  const [median, largest] = calibration.error;
  return wider(band, { gpu: null, median, largest, source: 'what the calibration was made from' });
}

interface Known extends ErrorBand {
  /** null: of other GPUs. */
  readonly gpu: string | null;
}

function bandOf(gpu: Gpu | null, gpus: readonly Gpu[], figure: Timed, kind: Constants): Known {
  const ofFigure = MEASURED_ERRORS.filter((row) => row.figure === figure);
  const own = ofFigure.filter((row) => row.gpu === gpu?.id && row.constants === 'own');
  if (own.length > 0) return pooled(own, gpu?.id ?? null);
  return pooled(
    ofFigure.filter((row) => kindOf(row, gpus) === kind),
    null,
    kind,
  );
}

/** Of a GPU whose own constants are generic ones, they are. */
function kindOf({ gpu, constants }: MeasuredError, gpus: readonly Gpu[]): Constants {
  if (constants !== 'own') return constants;
  const measured = gpus.find(({ id }) => id === gpu);
  return measured === undefined ? 'generic' : constantsOf(measured);
}

/** Each GPU counts once in the median. */
function pooled(rows: readonly MeasuredError[], gpu: string | null, kind?: Constants): Known {
  const medians = rows.map(({ median }) => median).sort((a, b) => a - b);
  const middle = medians.length >> 1;
  const median = medians.length % 2 === 1 ? medians[middle] : (medians[middle - 1] + medians[middle]) / 2;
  const largest = Math.max(...rows.map((row) => row.largest));
  return { gpu, median, largest, source: sourceOf(rows, gpu, kind) };
}

function sourceOf(rows: readonly MeasuredError[], gpu: string | null, kind?: Constants): string {
  const counted = (['serving runs', 'load tests'] as const).flatMap((of) => {
    const n = rows.reduce((sum, row) => sum + (row.of === of ? row.count : 0), 0);
    if (n === 0) return [];
    return of === 'load tests' ? [`${count(n, 'stage')} of load tests`] : [count(n, 'serving run')];
  });
  const where = gpu ?? `${[...new Set(rows.map((row) => row.gpu))].join(', ')} with ${kind} constants`;
  return `${counted.join(' and ')} on ${where}`;
}

function wider(a: Known, b: Known): Known {
  if (a.median >= b.median && a.largest >= b.largest) return a;
  const isB = b.largest >= a.largest;
  return {
    gpu: null,
    median: Math.max(a.median, b.median),
    largest: Math.max(a.largest, b.largest),
    source: isB ? b.source : a.source,
  };
}

/** All figures, those of the same band together. */
export function bandsText(bands: ErrorBands): string {
  const byText = new Map<string, Timed[]>();
  for (const figure of TIMED) {
    const text = bandText(bands[figure]);
    byText.set(text, [...(byText.get(text) ?? []), figure]);
  }
  return [...byText].map(([text, figures]) => `${figures.join(', ')} ${text}`).join(' · ');
}

/** "±2 %", or "±3–16 %": half of what was measured was within the first, all of it within the second. */
export function bandText({ median, largest }: ErrorBand): string {
  const percent = (share: number) => Math.max(1, Math.round(share * 100));
  const [low, high] = [percent(median), percent(largest)];
  return low === high ? `±${high} %` : `±${low}–${high} %`;
}
