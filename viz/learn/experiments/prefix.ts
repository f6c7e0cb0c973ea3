import { Cursor } from '../../../sim/recording/cursor.ts';
import type { Run } from '../../../sim/workload/builder.ts';
import { WorkloadBuilder } from '../../../sim/workload/builder.ts';
import type { Cell, Experiment } from '../outcome.ts';
import { firstStep, poolCells, run, scenario } from './lab.ts';

/* The prefix cache of today's vLLM. */

const BLOCK = 16;
const SYSTEM_PROMPT = 64;
const QUESTION = 16;

function chats(name: string, numBlocks: number) {
  return scenario(
    name,
    `version: 1
name: Prefix cache
vllm: "2026-05"
seed: 1
command: >
  vllm serve meta-llama/Llama-3.1-8B-Instruct --block-size ${BLOCK} --no-async-scheduling
  --num-gpu-blocks-override ${numBlocks} --max-model-len 128
hardware: { gpu: l4, count: 1 }
workload:
  num-prompts: 12
  request-rate: 4
  dataset-name: prefix_repetition # one system prompt, then a question of their own
  prefix-repetition-num-prefixes: 1
  prefix-repetition-prefix-len: ${SYSTEM_PROMPT}
  prefix-repetition-suffix-len: ${QUESTION}
  prefix-repetition-output-len: 24
`,
  );
}

/** Two chats with the same system prompt, of which one token is another in the second; at its length: none is. */
export const prefixCaching: Experiment = (edited) => {
  const source = chats('prefix-caching', 17);
  const builder = new WorkloadBuilder();
  const [system, edit] = [builder.newSegment(), builder.newSegment()];
  const kept: Run[] =
    edited >= SYSTEM_PROMPT
      ? [[system, 0, SYSTEM_PROMPT]]
      : [
          [system, 0, edited],
          [edit, 0, 1],
          [system, edited + 1, SYSTEM_PROMPT - edited - 1],
        ];
  const [first, second] = [builder.newSegment(), builder.newSegment()];
  builder.add({
    arrivalNs: 0,
    prompt: [
      [system, 0, SYSTEM_PROMPT],
      [first, 0, QUESTION],
    ],
    maxTokens: 12,
  });
  builder.add({ arrivalNs: 1_000_000, prompt: [...kept, [second, 0, QUESTION]], maxTokens: 12 });
  const recording = run(source, builder.finish());
  const cursor = firstStep(recording, (at) => at.numRunning === 2);
  const hits = recording.requests.numCachedTokens[1];
  const prompt = recording.requests.numPromptTokens[1];
  const shared = new Set(cursor.table(0));
  const tableOf = (request: number) => ({
    label: ['table-of', 'AB'[request]] as const,
    cells: [...cursor.table(request)].map(
      (block, i): Cell => ({
        state: cursor.refCount[block] > 1 ? 'shared' : 'used',
        owner: cursor.holders(block)[0],
        text: String(block),
        marked: request === 1 && edited < SYSTEM_PROMPT && i === Math.floor(edited / BLOCK),
      }),
    ),
  });
  return {
    facts: {
      edited,
      hits,
      prompt,
      hitBlocks: hits / BLOCK,
      computed: prompt - hits,
      shared: [...cursor.table(1)].filter((block) => shared.has(block)).length,
      held: new Set([...cursor.table(0), ...cursor.table(1)]).size,
      blockSize: BLOCK,
    },
    answer: hits,
    figure: {
      kind: 'frames',
      frames: [
        {
          caption: edited < SYSTEM_PROMPT ? ['token-edited', edited] : ['none-edited'],
          rows: [tableOf(0), tableOf(1)],
        },
        { caption: ['same-in-pool'], rows: [{ label: ['pool'], cells: poolCells(cursor) }] },
      ],
    },
    scenario: source,
  };
};

/** A ends, B comes with so many blocks, then C with A's prompt again. */
export const freeIsNotEmpty: Experiment = (wanted) => {
  const source = chats('free-is-not-empty', 9);
  const builder = new WorkloadBuilder();
  const [system, other, question] = [builder.newSegment(), builder.newSegment(), builder.newSegment()];
  const a = builder.add({ id: 'A', arrivalNs: 0, prompt: [[system, 0, SYSTEM_PROMPT]], maxTokens: 1 });
  const b = builder.add({
    id: 'B',
    arrivalNs: 1_000_000,
    dependsOn: a,
    prompt: [[other, 0, wanted * BLOCK]],
    maxTokens: 1,
  });
  const again: Run[] = [
    [system, 0, SYSTEM_PROMPT],
    [question, 0, QUESTION],
  ];
  builder.add({ id: 'C', arrivalNs: 1_000_000, dependsOn: b, prompt: again, maxTokens: 1 });
  const recording = run(source, builder.finish());
  const cursor = new Cursor(recording);
  const pool = () => [{ label: ['pool'] as const, cells: poolCells(cursor) }];
  cursor.seek(0);
  const tableOfA = [...cursor.table(0)];
  const running = { caption: ['a-runs'] as const, rows: pool() };
  cursor.applyOutputs();
  const free = cursor.numFree;
  const ended = { caption: ['a-ended', free] as const, rows: pool() };
  cursor.seek(1);
  const taken = new Set(cursor.table(1));
  const evicted = tableOfA.filter((block) => taken.has(block));
  const served = { caption: ['b-runs', wanted, evicted.length] as const, rows: pool() };
  cursor.seek(2);
  const hits = recording.requests.numCachedTokens[2];
  const returned = { caption: ['c-runs', hits] as const, rows: pool() };
  const isFirst = evicted.includes(tableOfA[0]);
  const isLast = evicted.includes(tableOfA[tableOfA.length - 1]);
  return {
    facts: {
      wanted,
      free,
      cached: tableOfA.length,
      evicted: evicted.length,
      firstOfA: tableOfA[0],
      lastOfA: tableOfA[tableOfA.length - 1],
      hits,
      promptOfC: SYSTEM_PROMPT + QUESTION,
    },
    answer: isFirst && isLast ? 'all' : isLast ? 'last' : isFirst ? 'first' : 'none',
    before: { kind: 'frames', frames: [running, ended] },
    figure: { kind: 'frames', frames: [running, ended, served, returned] },
    scenario: source,
  };
};
