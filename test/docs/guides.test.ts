import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dec, int } from '../claims/claim.ts';
import { evidence } from '../claims/evidence.ts';

/* docs/guides.md is written by hand: every number in it that a run gives is that of the run. */

const guides = readFileSync(new URL('../../docs/guides.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');

const share = (value: number) => `${Math.round(100 * value)} %`;
const small = (value: number) => `${(100 * value).toFixed(1)} %`;
const failing = (name: string) => /Tried to allocate \d+\.\d\d MiB/.exec(evidence(name).message)?.[0];
const freeMib = (name: string) =>
  Math.floor(Number(/([\d.]+) MiB is free/.exec(evidence(name).message)?.[1]));

function guide000(): string[] {
  const roomy = evidence('000-glm4-9b-on-l4');
  const long = evidence('000-glm4-9b-on-l4-default-length');
  const asked = /\(([\d.]+ GiB) KV cache/.exec(long.message)?.[1];
  return [
    `starts: ${int(roomy.blocks)} GPU blocks`,
    `starts, in ${dec(evidence('000-glm4-9b-on-l4-6gib-without-swap').hostGib, 1)} GiB of host memory`,
    `take back is ${dec(roomy.hostGib, 1)} GiB`,
    `(${int(evidence('0.5-length-8192').blocks)} at 8,192, ${int(roomy.blocks)} at 4,096)`,
    ...(asked === undefined ? [] : [`ask for ${asked}`]),
  ];
}

function guide001(): string[] {
  const alone = evidence('001-glm4-9b-alone');
  const advice = evidence('001-glm4-9b-openai-server');
  return [
    `| \`-alone\`, 0.9 | ${int(alone.blocks)} |`,
    `0.6 | ${int(advice.blocks)} | starts`,
    `of 6 GiB, 0.9 | ${int(alone.blocks)} | \`${failing('001-glm4-9b-with-a-neighbour')}\``,
    `| 38,675 | \`${failing('001-glm4-9b-38675-blocks')}\``,
    `| 34,318 | \`${failing('001-glm4-9b-34318-blocks')}\``,
    `| \`${failing('001-glm4-9b-larger-neighbour')}\`: 0.6 is no cure`,
    `at the failure ${freeMib('001-glm4-9b-with-a-neighbour')} MiB are`,
    `(${dec(alone.kvGib)} → ${dec(advice.kvGib)} GiB)`,
  ];
}

function guide002(): string[] {
  const [before, after] = ['before', 'runs'].map((name) => evidence(`002-glm47-flash-on-4x4090d-${name}`));
  const row = (run: typeof before, size: number) =>
    `| ${int(run.blocks)} × ${size} | ${int(run.tokens)} | ${share(run.maxUse)} | ${dec(run.ttft(50))} / ${dec(run.ttft(90))} s | ${run.preemptions} |`;
  const waste = (run: typeof before) => (100 * (run.summary.slots?.internal ?? Number.NaN)).toFixed(2);
  return [
    row(before, 16),
    row(after, 32),
    `holds ${small(after.tokens / before.tokens - 1)} more tokens`,
    `(${waste(before)} → ${waste(after)} % of the slots)`,
    `holds ${int(before.inactiveMib)} MiB of inactive splits per rank before and ${int(after.inactiveMib)} MiB after`,
    `A block has ${int(before.blockBytes)} bytes`,
  ];
}

function guide003(): string[] {
  const fp8 = evidence('003-glm45v-on-8xa100-runs');
  const wide = evidence('003-glm45v-on-8xa100-16-bit-cache');
  const row = (run: typeof fp8) =>
    `${int(run.blocks)} blocks, ${int(run.tokens)} tokens; at most ${small(run.maxUse)} in use`;
  return [
    row(fp8),
    row(wide),
    `needs ${dec(fp8.hostGib, 1)} GiB of host memory`,
    `take ${dec(fp8.weightsGib, 1)} GiB per GPU`,
  ];
}

function guide004(): string[] {
  const one = evidence('004-r1-distill-qwen-7b-on-4090-at-0.9');
  const two = evidence('004-r1-distill-qwen-7b-on-2x4090-runs');
  const full = evidence('004-r1-distill-qwen-7b-on-2x4090-at-0.9');
  return [
    `| \`4090-at-0.9\` | ${int(one.tokens)} |`,
    `| ${int(two.tokens)} | starts; at most ${share(two.maxUse)} in use`,
    `| ${int(full.tokens)} | starts; at most ${small(full.maxUse)} in use`,
    `(${dec(two.weightsGib)} GiB each of ${dec(one.weightsGib)})`,
  ];
}

test.each([
  ['000', guide000],
  ['001', guide001],
  ['002', guide002],
  ['003', guide003],
  ['004', guide004],
])('docs/guides.md says of guide %s what its runs say', (_, said) => {
  expect(said().filter((text) => !guides.includes(text))).toEqual([]);
});
