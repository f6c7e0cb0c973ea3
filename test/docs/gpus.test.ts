import { expect, test } from 'vitest';
import { GPUS, type Gpu } from '../../sim/catalog/gpus.ts';
import { LINKS, type LinkTiming } from '../../sim/catalog/links.ts';
import { bandsText } from '../../sim/time/error-band.ts';
import { gpuBasis } from '../../sim/time/time-basis.ts';

/* docs/gpus.md is generated: `npx vitest run test/docs -u` writes it anew. */

const INTRO = `# GPUs and links

Generated from \`sim/catalog\` by \`npx vitest run test/docs -u\`; a test keeps it in step.

TFLOPS are dense bf16 (fp16 before Ampere), TB/s are of the GPU's memory, L2 in 10⁶ bytes: figures of the data
sheets. GiB are what torch reports, which is less than the name says. *Constants* are those of the formulas in
[time.md](time.md): **fitted** to kernels measured on this GPU, or only its **datasheet** with the constants of
another GPU or generic ones. *Error* is how far throughput and mean latencies were from measured runs, half of
them and all of them: on this GPU where there are runs of it, else on those that were measured, with constants of
the same kind. GPUs before Ampere have no FlashAttention 2: expect more. Parts that were not measured on a GPU (experts, MLA, its link) widen it for
the models that have them; the report of a run says so.

A GPU that is not here can be described in the scenario, and measured constants can be fitted:
[scenarios.md](scenarios.md#gpus-and-links-of-your-own).
`;

function row(gpu: Gpu): string {
  const { badge, errors } = gpuBasis(gpu);
  const { id, computeCapability, tflops, hbmTBs, sms, l2MB, memoryGib, memorySource, link, timingSource } =
    gpu;
  const figures = [tflops, hbmTBs, sms, l2MB, computeCapability.toFixed(1), memoryGib].join(' | ');
  const source = timingSource.replace(/^fitted: /, '');
  return `| \`${id}\` | ${figures} | ${memorySource} | ${link} | ${badge} | ${source} | ${bandsText(errors)} |`;
}

function linkRow([name, { alpha, busGBs, source }]: [string, LinkTiming]): string {
  const us = alpha.map((seconds) => Number((seconds * 1e6).toPrecision(3))).join(' / ');
  return `| \`${name}\` | ${us} | ${busGBs.join(' / ')} | ${source} |`;
}

test('docs/gpus.md is the catalogue', async () => {
  const text = [
    INTRO,
    '| id | TFLOPS | TB/s | SMs | L2 | capability | GiB | GiB from | link | constants | their source | error |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...GPUS.map(row),
    '',
    'For 2, up to 4 and more GPUs:',
    '',
    '| link | start, µs | bus, GB/s | source |',
    '|---|---|---|---|',
    ...Object.entries(LINKS).map(linkRow),
    '',
  ].join('\n');
  await expect(text).toMatchFileSnapshot('../../docs/gpus.md');
});
