import { resolveHardware } from '../../../sim/memory/resolve.ts';
import { scenarioShape } from '../../../sim/moe/scenario-shape.ts';
import { expertsOfRank } from '../../../sim/moe/shape.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import type { Recording } from '../../../sim/recording/recording.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import type { ScenarioSource } from '../../../sim/share/fragment.ts';
import { GIB } from '../../../sim/units.ts';
import type { Bars, Cell, Experiment } from '../outcome.ts';
import { firstStep, run, scenario, started, tokensAt } from './lab.ts';

/* Models and machines of more than one kind: windows, several GPUs, experts. */

const BLOCK = 16;

function serving(name: string, gpus: string, flags: string, workload: string): ScenarioSource {
  return scenario(
    name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    `version: 1
name: ${name}
vllm: "2026-05"
seed: 1
command: >
  vllm serve ${flags}
hardware: { ${gpus} }
workload: { ${workload} }
`,
  );
}

/** Half of its layers see only the last 128 tokens. */
const GPT_OSS = 'openai/gpt-oss-20b';
const LONG = 32_768;
/** Enough for one such request. */
const FEW_BLOCKS = 5000;

type GroupKind = 'full' | 'sliding_window';

function groupOf({ header }: Recording, kind: GroupKind): number {
  return header.pool.groups.findIndex((group) => group.kind === kind);
}

/** Blocks that the request holds for the layers of a kind. */
function held(cursor: Cursor, kind: GroupKind): number {
  return [...cursor.table(0, groupOf(cursor.recording, kind))].filter((block) => block !== cursor.nullBlock)
    .length;
}

/** A request of so many tokens: what it holds for layers that see all, and for those that see a window. */
export const hybridGroups: Experiment = (numTokens) => {
  const source = serving(
    'Hybrid groups',
    'gpu: h100, count: 1',
    `${GPT_OSS} --block-size ${BLOCK} --num-gpu-blocks-override 129 --max-model-len 1024 --no-async-scheduling`,
    'num-prompts: 1, request-rate: inf, input-len: 16, output-len: 500',
  );
  const recording = run(source);
  const at = (tokens: number) => firstStep(recording, (cursor) => tokensAt(cursor, 0) === tokens);
  const frame = (tokens: number) => {
    const cursor = at(tokens);
    const row = (kind: GroupKind, label: string) => ({
      label: [label] as const,
      cells: [...cursor.table(0, groupOf(recording, kind))].map(
        (block): Cell =>
          block === cursor.nullBlock
            ? { state: 'returned' }
            : { state: 'used', owner: 0, text: String(block) },
      ),
    });
    return {
      caption: ['window-holds', tokens, held(cursor, 'sliding_window')] as const,
      rows: [row('full', 'sees-all'), row('sliding_window', 'sees-window')],
    };
  };
  longContext ??= withLongContext();
  const { window } = recording.header.pool.groups[groupOf(recording, 'sliding_window')];
  const moments = [...new Set([window, numTokens])].sort((a, b) => a - b);
  return {
    facts: {
      numTokens,
      window,
      full: held(at(numTokens), 'full'),
      windowed: held(at(numTokens), 'sliding_window'),
      ...longContext,
    },
    answer: held(at(numTokens), 'sliding_window'),
    before: { kind: 'frames', frames: [frame(window)] },
    figure: { kind: 'frames', frames: moments.map(frame) },
    scenario: source,
  };
};

/** Whatever the slider says, so it is run once. */
let longContext: ReturnType<typeof withLongContext> | null = null;

/** The same model with a long prompt: blocks of both groups, and tokens that a GPU has room for with and without them. */
function withLongContext() {
  const source = (flag: string) =>
    serving(
      'Long context',
      'gpu: h100, count: 1',
      `${GPT_OSS} --block-size ${BLOCK} --max-model-len ${2 * LONG} ${flag}`,
      `num-prompts: 1, request-rate: inf, input-len: ${LONG}, output-len: 3`,
    );
  const recording = run(source(`--num-gpu-blocks-override ${FEW_BLOCKS}`));
  const cursor = new Cursor(recording);
  cursor.seek(recording.numSteps - 1);
  const [longFull, longWindowed] = (['full', 'sliding_window'] as const).map((kind) => held(cursor, kind));
  const [tokens, tokensWithout] = ['', '--disable-hybrid-kv-cache-manager'].map(
    (flag) => started(source(flag)).kvCacheTokens,
  );
  return { long: LONG, longFull, longWindowed, tokens, tokensWithout };
}

const GPUS = [1, 2, 4, 8];

/** One model on one GPU and on several. */
export const tensorParallel: Experiment = (numGpus) => {
  const source = (model: string, count: number) =>
    serving(
      `TP ${count}`,
      `gpu: l4, count: ${count}`,
      `${model} --max-model-len 8192 --tensor-parallel-size ${count}`,
      'num-prompts: 60, request-rate: 4, input-len: { uniform: [100, 1000] }, output-len: { uniform: [50, 300] }',
    );
  const llama = (count: number) => source('meta-llama/Llama-3.1-8B-Instruct', count);
  const rows = GPUS.map((count) => {
    const { ranks, kvBytesPerToken, kvCacheTokens } = started(llama(count));
    return [ranks[0].weightBytes / GIB, kvBytesPerToken / 1024, kvCacheTokens];
  });
  const [one, several] = [rows[0], rows[GPUS.indexOf(numGpus)]];
  const factor = several[2] / one[2];
  const twoHeads = [1, 2, 4].map(
    (count) => started(source('THUDM/glm-4-9b-chat', count)).kvBytesPerToken / 1024,
  );
  return {
    facts: {
      numGpus,
      factor,
      tokensOne: one[2],
      tokens: several[2],
      weightsOne: one[0],
      weights: several[0],
      kibOne: one[1],
      kib: several[1],
      glmOne: twoHeads[0],
      glmTwo: twoHeads[1],
      glmFour: twoHeads[2],
    },
    answer: factor < 1.05 ? 'same' : factor < 1.05 * numGpus ? 'times' : 'more',
    figure: {
      kind: 'measures',
      columns: [
        { label: ['weights-per-gpu'], unit: 'gib' },
        { label: ['kv-per-token'], unit: 'kib' },
        { label: ['tokens-in-pool'], unit: 'count' },
      ],
      rows: GPUS.map((count, i) => ({ label: ['gpus', count], values: rows[i], marked: count === numGpus })),
    },
    scenario: llama(2),
    beside: [llama(1)],
  };
};

const RANKS = 4;

/** Experts over four GPUs: sliced, whole, and with so many copies of busy ones. */
export const mixtureOfExperts: Experiment = (copies) => {
  const source = (name: string, flags: string) =>
    serving(
      name,
      `gpu: rtx4090, count: ${RANKS}`,
      `Qwen/Qwen3-30B-A3B --max-model-len 8192 --tensor-parallel-size ${RANKS} ${flags}`,
      'num-prompts: 100, request-rate: 10, input-len: { lognormal: { median: 500, sigma: 0.8, max: 4000 } }, output-len: 200',
    );
  const balanced = (redundant: number) =>
    source(
      `EP ${RANKS}, ${redundant} copies`,
      `--enable-expert-parallel --enable-eplb --eplb-config '{"num_redundant_experts": ${redundant}}'`,
    );
  const sliced = source(`TP ${RANKS}`, '');
  const whole = source(`EP ${RANKS}`, '--enable-expert-parallel');
  const parsed = parseScenario(balanced(copies).text, balanced(copies).file);
  const hardware = resolveHardware(parsed);
  const shape = scenarioShape(parsed, hardware, 1)!;
  const { topK } = hardware.architecture.moe!;
  const expertBytes = started(whole).ranks[0].weights.experts;
  const memory = (each: ScenarioSource): Bars['rows'][number]['parts'] => {
    const [{ weights, weightBytes, budgetBytes, kvCacheBytes }] = started(each).ranks;
    const parts = {
      weights: weightBytes - weights.experts,
      experts: expertBytes,
      copies: weights.experts - expertBytes,
      working: budgetBytes - weightBytes - kvCacheBytes,
      cache: kvCacheBytes,
    };
    return Object.entries(parts).map(([part, bytes]) => ({
      part: part as keyof typeof parts,
      value: bytes / GIB,
    }));
  };
  const withCopies = started(balanced(copies));
  const held = expertsOfRank(shape);
  return {
    facts: {
      copies,
      held,
      numExperts: shape.numExperts,
      ranks: RANKS,
      active: topK,
      expertsGib: expertBytes / GIB,
      tokens: withCopies.kvCacheTokens,
      tokensSliced: started(sliced).kvCacheTokens,
      tokensWhole: started(whole).kvCacheTokens,
      // The example of vLLM's documentation.
      heldOf288: expertsOfRank({ ...shape, numExperts: 256, redundant: 32, ranks: 32 }),
    },
    answer: held,
    figure: {
      kind: 'bars',
      unit: 'gib',
      rows: [
        { label: ['sliced-experts'], parts: memory(sliced) },
        { label: ['whole-experts'], parts: memory(whole) },
        { label: ['copied-experts', copies], parts: memory(balanced(copies)) },
      ],
    },
    scenario: balanced(copies),
    beside: [whole],
  };
};
