import { resolveHardware } from '../../sim/memory/resolve.ts';
import { limitsOf, sizingFlags } from '../../sim/memory/startup-input.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import type { LengthSpec } from '../../sim/scenario/workload-spec.ts';

/** Path of a field → what it comes to, as the form shows it; what is not known is left out. */
export type Settings = Readonly<Record<string, string>>;

/** What a scenario's fields come to, stated or by default. Runs in the worker, which knows the catalogue. */
export function settingsOf(scenario: Scenario): Settings {
  const { hardware, workload, vllm, seed, engine } = scenario;
  const limits = limitsOf(scenario, resolveHardware(scenario));
  const stated = Object.entries(engine.honoured)
    .filter(([, value]) => value !== null && typeof value !== 'object')
    .map(([flag, value]) => [pathOf(flag), String(value)] as const);
  const settings: Record<string, string> = {
    'hardware.gpu': hardware.gpu,
    'hardware.count': String(hardware.count),
    vllm,
    seed: String(seed),
    ...Object.fromEntries(
      Object.entries(sizingFlags(scenario)).map(([flag, value]) => [pathOf(flag), String(value)]),
    ),
    'engine.max-num-seqs': String(limits.maxNumSeqs),
    'engine.max-num-batched-tokens': String(limits.maxNumBatchedTokens),
    'engine.kv-cache-dtype': 'auto',
    'engine.scheduling-policy': 'fcfs',
    'engine.enable-prefix-caching': String(vllm !== '0.6.3'),
    ...Object.fromEntries(stated),
  };
  if (workload.kind === 'synthetic') {
    const { arrival } = workload;
    settings['workload.num-prompts'] = String(workload.numRequests);
    if (arrival.kind === 'poisson') settings['workload.request-rate'] = String(arrival.ratePerSecond);
    else if (arrival.kind === 'burst') settings['workload.request-rate'] = 'inf';
    settings['workload.input-len'] = lengthText(workload.promptTokens);
    settings['workload.output-len'] = lengthText(workload.outputTokens);
  }
  return settings;
}

function pathOf(flag: string): string {
  return `engine.${flag.replaceAll('_', '-')}`;
}

/** As a scenario file has it. */
function lengthText(spec: LengthSpec): string {
  switch (spec.kind) {
    case 'fixed':
      return String(spec.tokens);
    case 'uniform':
      return `{uniform: [${spec.min}, ${spec.max}]}`;
    case 'lognormal':
      return `{lognormal: {median: ${spec.median}, sigma: ${spec.sigma}, max: ${spec.max}}}`;
    case 'quantiles': {
      // A share times 100 need not be the percentage it was made of.
      const points = spec.shares.map((share, i) => `p${Number((share * 100).toFixed(6))}: ${spec.tokens[i]}`);
      return `{quantiles: {${points.join(', ')}}}`;
    }
  }
}
