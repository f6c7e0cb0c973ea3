import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../sim/catalog/architecture.ts';
import { findGpu } from '../../../sim/catalog/gpus.ts';
import { findModel } from '../../../sim/catalog/models.ts';
import { parseModelConfig } from '../../../sim/catalog/parse-model-config.ts';
import { decodeAttention } from '../../../sim/time/decode-attention.ts';
import { graphSize } from '../../../sim/time/graph-size.ts';
import { addPrefill, mixedAttention } from '../../../sim/time/mixed-attention.ts';
import { rooflineStepTime } from '../../../sim/time/roofline.ts';
import type { BatchShape } from '../../../sim/time/step-time.ts';

function architectureOf(name: string): Architecture {
  const architecture = parseModelConfig(findModel(name)!.config);
  if ('missing' in architecture) throw new Error(name);
  return architecture;
}

function model(name: string, gpu: string, tensorParallel = 1) {
  return rooflineStepTime({
    model: architectureOf(name),
    gpu: findGpu(gpu)!,
    options: {
      tensorParallel,
      weightBytes: 2,
      kvBytes: 2,
    },
  });
}

function decodes(n: number, context: number): BatchShape {
  return {
    numRequests: n,
    numTokens: n,
    numSampled: n,
    numDecodes: n,
    decodeContextTokens: n * context,
    maxDecodeContext: context,
    numPrefills: 0,
    prefillTokens: new Int32Array(8),
    prefillComputed: new Int32Array(8),
  };
}

function withPrefill(batch: BatchShape, tokens: number, computed: number): BatchShape {
  const prefillTokens = Int32Array.of(tokens);
  const prefillComputed = Int32Array.of(computed);
  return {
    ...batch,
    numRequests: batch.numRequests + 1,
    numTokens: batch.numTokens + tokens,
    numPrefills: 1,
    prefillTokens,
    prefillComputed,
  };
}

const ms = (ns: number) => ns / 1e6;

describe('magnitudes', () => {
  test('one decode of an 8B model reads its 16 GB of weights once: bandwidth bound', () => {
    // 16.06 GB / 1.008 TB/s = 15.9 ms; measured steps on an RTX 4090 are 16 to 19 ms.
    expect(ms(model('Llama-3.1-8B', 'rtx4090').stepNs(decodes(1, 500)))).toBeGreaterThan(15.9);
    expect(ms(model('Llama-3.1-8B', 'rtx4090').stepNs(decodes(1, 500)))).toBeLessThan(20);
    expect(ms(model('Llama-3.1-8B', 'h100').stepNs(decodes(1, 500)))).toBeLessThan(8);
  });

  test('a prefill of 2,048 tokens is compute bound: more than 2 P FLOPs over the peak', () => {
    const flops = 2 * 6.98e9 * 2048;
    const atPeak = (flops / 312e12) * 1e3;
    const time = ms(model('Llama-3.1-8B', 'a100-80g').stepNs(withPrefill(decodes(0, 0), 2048, 0)));
    expect(time).toBeGreaterThan(atPeak);
    expect(time).toBeLessThan(2.5 * atPeak);
  });

  test('a chunk of 16 tokens makes 64 decodes of 1,024 tokens on an RTX 4090 about twice as dear (measured 333 and 633 us)', () => {
    const gpu = findGpu('rtx4090')!;
    const shape = { queryHeads: 32, kvHeads: 8, headDim: 128, kvBytes: 2 };
    const pure = decodeAttention(gpu, shape, 64, 64 * 1024, 1024) * 1e6;
    const prefill = { rows: 0, context: 0, longest: 0 };
    addPrefill(gpu, prefill, 16, 0);
    const mixed = mixedAttention(gpu, shape, prefill, 64, 64 * 1024, 1024) * 1e6;
    expect(pure).toBeGreaterThan(333 * 0.85);
    expect(pure).toBeLessThan(333 * 1.15);
    expect(mixed).toBeGreaterThan(633 * 0.75);
    expect(mixed).toBeLessThan(633 * 1.25);
  });

  test('tensor parallelism shortens a step, but by less than the number of ranks', () => {
    const one = model('Llama-3.1-70B', 'h200').stepNs(decodes(16, 1000));
    const four = model('Llama-3.1-70B', 'h200', 4).stepNs(decodes(16, 1000));
    expect(four).toBeLessThan(one);
    expect(four).toBeGreaterThan(one / 4);
  });
});

test('more contexts, more decodes or a longer chunk never take less time', () => {
  const time = model('Llama-3.1-8B', 'a100-80g');
  const n = fc.integer({ min: 1, max: 250 });
  const context = fc.integer({ min: 1, max: 8000 });
  fc.assert(
    fc.property(
      n,
      context,
      fc.integer({ min: 1, max: 2000 }),
      fc.nat(4000),
      (decodesNow, tokens, chunk, cached) => {
        const base = decodes(decodesNow, tokens);
        expect(time.stepNs(decodes(decodesNow, tokens + 100))).toBeGreaterThanOrEqual(time.stepNs(base));
        expect(time.stepNs(withPrefill(base, chunk, cached + 100))).toBeGreaterThanOrEqual(
          time.stepNs(withPrefill(base, chunk, cached)),
        );
        expect(time.stepNs(withPrefill(base, chunk, cached))).toBeGreaterThan(
          time.stepNs(withPrefill(decodes(0, 0), chunk, cached)),
        );
        expect(Number.isInteger(time.stepNs(base))).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

test('layers with a window read no more than it of what came before, decodes and chunks of prompts alike', () => {
  const options = { tensorParallel: 1, weightBytes: 2, kvBytes: 2 };
  const all = architectureOf('Llama-3.1-8B');
  const isLocal = Array.from({ length: all.numLayers }, () => true);
  const windowed: Architecture = {
    ...all,
    localAttention: { kind: 'sliding_window', window: 1024, isLocal },
  };
  const [whole, local] = [all, windowed].map((each) =>
    rooflineStepTime({ model: each, gpu: findGpu('h100')!, options }),
  );
  for (const at of [
    (length: number) => decodes(8, length),
    (length: number) => withPrefill(decodes(8, length), 512, length),
  ]) {
    expect(local.stepNs(at(32_768))).toBe(local.stepNs(at(1024)));
    expect(whole.stepNs(at(32_768))).toBeGreaterThan(whole.stepNs(at(1024)));
  }
});

test('CUDA graph sizes: 1, 2, 4, steps of 8 to 256, of 16 to 512, none beyond', () => {
  expect([1, 2, 3, 5, 8, 9, 250, 257, 273, 512, 513].map((n) => graphSize(n))).toEqual([
    1, 2, 4, 8, 8, 16, 256, 272, 288, 512, 513,
  ]);
});

test('CUDA graphs of other sizes: the next larger one', () => {
  const sizes = [3, 6, 9, 24];
  expect([0, 1, 3, 4, 10, 24, 25].map((n) => graphSize(n, 24, sizes))).toEqual([0, 3, 3, 6, 24, 24, 25]);
});

test('a batch in which nobody computes still costs a moment', () => {
  expect(model('Llama-3.1-8B', 'l4').stepNs(decodes(0, 0))).toBe(1);
});
