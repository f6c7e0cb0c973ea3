import { Cursor } from '../../../sim/recording/cursor.ts';
import type { Cell, Experiment } from '../outcome.ts';
import { run, scenario } from './lab.ts';

/* Beam search, in the vLLM that had it in its engine. */

const BLOCK = 16;
const PROMPT = 40;
const OUTPUT = 56;

function beamSearch(width: number) {
  return scenario(
    `beam-search-${width}`,
    `version: 1
name: Beam search, ${width} beams
vllm: "0.6.3"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --block-size ${BLOCK} --num-gpu-blocks-override 64
  --max-model-len 128 --swap-space 0 --disable-async-output-proc
hardware: { gpu: l4, count: 1 }
workload: { num-prompts: 1, request-rate: inf, input-len: ${PROMPT}, output-len: ${OUTPUT}, beam-width: ${width} }
`,
  );
}

/** So many beams of one prompt: what they hold together, beside what as many requests would. */
export const beams: Experiment = (width) => {
  const source = beamSearch(width);
  const recording = run(source);
  const cursor = new Cursor(recording);
  const tables = () => Array.from({ length: cursor.numTables(0) }, (_, beam) => cursor.table(0, beam));
  let held = 0;
  let separate = 0;
  let fullest = 0;
  for (let step = 0; step < recording.numSteps; step++) {
    cursor.seek(step);
    const now = cursor.numBlocks - cursor.numFree;
    if (now >= held) fullest = step;
    held = Math.max(held, now);
    separate = Math.max(
      separate,
      tables().reduce((sum, table) => sum + table.length, 0),
    );
  }
  const frame = (step: number, caption: string) => {
    cursor.seek(step);
    const cellOf = (block: number): Cell => ({
      state: cursor.refCount[block] > 1 ? 'shared' : 'used',
      owner: 0,
      text: String(block),
    });
    return {
      caption: [caption, cursor.numBlocks - cursor.numFree] as const,
      rows: tables().flatMap((table, beam) =>
        table.length === 0 ? [] : [{ label: ['beam', beam + 1] as const, cells: [...table].map(cellOf) }],
      ),
    };
  };
  return {
    facts: { width, held, separate, saved: 1 - held / separate, prompt: PROMPT, output: OUTPUT },
    answer: held,
    before: { kind: 'frames', frames: [frame(0, 'prompt-computed')] },
    figure: {
      kind: 'frames',
      frames: [
        frame(2, 'beams-part'),
        frame(Math.floor(OUTPUT / 2), 'beams-half'),
        frame(fullest, 'beams-full'),
      ],
    },
    scenario: source,
  };
};
