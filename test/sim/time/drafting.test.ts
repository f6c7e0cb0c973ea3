import { expect, test } from 'vitest';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { stepTimeOf, timingOf } from '../../../sim/scenario-time.ts';
import { rooflineStepTime } from '../../../sim/time/roofline.ts';
import type { BatchShape } from '../../../sim/time/step-time.ts';
import { timeBasis } from '../../../sim/time/time-basis.ts';

const DECODES: BatchShape = {
  numRequests: 8,
  numTokens: 8,
  numSampled: 8,
  numDecodes: 8,
  decodeContextTokens: 8000,
  maxDecodeContext: 1000,
  numPrefills: 0,
  prefillTokens: new Int32Array(0),
  prefillComputed: new Int32Array(0),
};

function scenarioOf(speculative: Readonly<Record<string, unknown>> | null) {
  return parseScenario(
    `version: 1
engine:
  model: meta-llama/Llama-3.1-8B-Instruct
  max-model-len: 2048
${speculative === null ? '' : `  speculative-config: ${JSON.stringify(speculative)}`}
hardware: {gpu: a100-80g-sxm}
workload: {num-prompts: 1, request-rate: 1, input-len: 10, output-len: 3}
`,
    'drafting',
  );
}

const stepNs = (speculative: Readonly<Record<string, unknown>> | null) =>
  stepTimeOf(scenarioOf(speculative)).stepNs(DECODES);
const eagle = (k: number) => ({ method: 'eagle', model: 'an/eagle', num_speculative_tokens: k });
const ownModel = (k: number) => ({
  method: 'draft_model',
  model: 'meta-llama/Llama-3.2-1B-Instruct',
  num_speculative_tokens: k,
});

test('each draft of a head takes a layer and the vocabulary, each of a model all its layers; n-grams take nothing', () => {
  const none = stepNs(null);
  expect(stepNs({ method: 'ngram', num_speculative_tokens: 3 })).toBe(none);
  const first = stepNs(eagle(1)) - none;
  expect(first).toBeGreaterThan(none / 32);
  expect(stepNs(eagle(3)) - none).toBeCloseTo(3 * first, -1);
  expect(stepNs(ownModel(1)) - none).toBeGreaterThan(2 * first);
  expect(stepNs(ownModel(1))).toBeLessThan(1.5 * none);
});

test('a model that drafts lies on one stage of a pipeline: its drafts are not sent between stages', () => {
  const [alone, staged] = [1, 2].map((pipelineParallel) => {
    const { model, gpu, options } = timingOf(scenarioOf(ownModel(2)));
    return rooflineStepTime({ model, gpu, options: { ...options, pipelineParallel } }).breakdown(DECODES);
  });
  expect(staged.drafts).toBe(alone.drafts);
  expect(staged.allReduce).toBeGreaterThan(alone.allReduce);
});

test('no drafts were measured, and the run says so', () => {
  expect(timeBasis(timingOf(scenarioOf(eagle(2)))).unmeasured).toContain('drafts');
  expect(timeBasis(timingOf(scenarioOf(null))).unmeasured).not.toContain('drafts');
});
