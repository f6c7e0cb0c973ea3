import type { Evaluator, Settings, Trial } from './evaluator.ts';

/** The highest load that a configuration was seen to hold, and the lowest above it that it does not. */
export interface LoadLimit {
  /** 0: it holds none. */
  readonly load: number;
  readonly holding: Trial | null;
  /** null: it holds all that was tried. */
  readonly failsAt: number | null;
  readonly failing: Trial | null;
}

const MOST_HALVINGS = 12;
const BISECTIONS = 7;

/**
 * Doubles or halves the load until the limit lies between two neighbours, then bisects. It takes the limits to hold
 * below some load and to fail above it; where that is not so, it finds one of the places where they begin to fail.
 */
export async function highestLoad(
  evaluator: Evaluator,
  settings: Settings,
  load: { readonly key: string; readonly start: number; readonly most: number },
): Promise<LoadLimit> {
  const at = (value: number) => evaluator.at({ ...settings, [load.key]: value });
  let holds = 0;
  let holding: Trial | null = null;
  let failsAt: number | null = null;
  let failing: Trial | null = null;
  const probe = async (value: number) => {
    const trial = await at(value);
    if (trial.holds) [holds, holding] = [value, trial];
    else [failsAt, failing] = [value, trial];
    return trial;
  };
  const first = await probe(load.start);
  const starts = first.result !== null && first.result.because === null;
  if (first.holds) {
    for (let value = load.start * 2; failsAt === null && value <= load.most; value *= 2) await probe(value);
  } else if (starts) {
    for (let i = 0, value = load.start / 2; holds === 0 && i < MOST_HALVINGS; i++, value /= 2)
      await probe(value);
  }
  for (let i = 0; i < BISECTIONS && holds > 0 && failsAt !== null; i++) {
    const middle = Number(((holds + failsAt) / 2).toPrecision(3));
    if (middle <= holds || middle >= failsAt) break;
    await probe(middle);
  }
  return { load: holds, holding, failsAt, failing };
}
