import { nearest } from '../catalog/nearest.ts';
import rows from './data/flags.json' with { type: 'json' };

/** Versions of vLLM whose rules are modelled; "v1" is an alias of the newest. */
export type VllmVersion = '0.6.3' | '2026-05';

/** A flag of `vllm serve` in one or both versions. */
export interface Flag {
  /** Without dashes in front: "max-num-seqs". */
  readonly name: string;
  readonly versions: 'both' | 'v0' | 'v1';
  /** honour: changes memory or scheduling; light: hardly; serving: not at all. */
  readonly kind: 'honour' | 'light' | 'serving';
  /** Takes no value; V1 also knows --no-NAME. */
  readonly isSwitch: boolean;
}

const FLAGS = new Map<string, Flag>(
  (rows as [string, Flag['versions'], Flag['kind'], number][]).map(([name, versions, kind, isSwitch]) => [
    name,
    { name, versions, kind, isSwitch: isSwitch === 1 },
  ]),
);

const SHORT: Readonly<Record<string, string>> = {
  '-tp': 'tensor-parallel-size',
  '-pp': 'pipeline-parallel-size',
  '-dp': 'data-parallel-size',
  '-dcp': 'decode-context-parallel-size',
  '-pcp': 'prefill-context-parallel-size',
  '-dpn': 'data-parallel-rank',
  '-dpr': 'data-parallel-start-rank',
  '-dpl': 'data-parallel-size-local',
  '-dpa': 'data-parallel-address',
  '-dpp': 'data-parallel-rpc-port',
  '-dpb': 'data-parallel-backend',
  '-dph': 'data-parallel-hybrid-lb',
  '-dpe': 'data-parallel-external-lb',
  '-ep': 'enable-expert-parallel',
  '-n': 'nnodes',
  '-r': 'node-rank',
  '-asc': 'api-server-count',
  '-q': 'quantization',
  '-O': 'optimization-level',
  '-cc': 'compilation-config',
  '-ac': 'attention-config',
  '-sc': 'speculative-config',
};

/** Flags that take all words up to the next flag. */
const SEVERAL_VALUES: readonly string[] = [
  'served-model-name',
  'cudagraph-capture-sizes',
  'kv-cache-dtype-skip-layers',
  'lora-modules',
  'lora-target-modules',
  'prompt-adapters',
];

/** Whether all words up to the next flag are its values. */
export function takesSeveralValues(flag: string): boolean {
  return SEVERAL_VALUES.includes(flag);
}

/** The long name behind `-tp` and its like, or null. */
export function longName(short: string): string | null {
  return Object.hasOwn(SHORT, short) ? SHORT[short] : null;
}

/** The flag of that name in that version, or null. Dashes and underscores are the same. */
export function findFlag(name: string, version: VllmVersion): Flag | null {
  const flag = FLAGS.get(name.replaceAll('_', '-'));
  return flag && knows(flag, version) ? flag : null;
}

/** Every flag that one of the versions knows. */
export const ALL_FLAGS: readonly Flag[] = [...FLAGS.values()];

function knows(flag: Flag, version: VllmVersion): boolean {
  return flag.versions === 'both' || flag.versions === (version === '0.6.3' ? 'v0' : 'v1');
}

/** The flag of that version whose name is nearest, or null. */
export function nearestFlag(name: string, version: VllmVersion): string | null {
  const names = [...FLAGS.values()].filter((flag) => knows(flag, version)).map((flag) => flag.name);
  return nearest(name, names);
}

const SAMPLING = 'a sampling parameter of each request, not a flag of the server';
const METRICS = 'never existed: metrics are served at /metrics on the API port';
/** Flags that guides use and no version knows, or that moved, and what to do instead. */
const ADVICE: Readonly<Record<string, string>> = {
  'enable-expert-cache': 'never existed; vLLM keeps all experts of a rank in its weights',
  'awq-group-size': 'never existed: the checkpoint says it in its quantization_config',
  'awq-bit-width': 'never existed: the checkpoint says it in its quantization_config',
  'api-type': 'never existed: the server is always asynchronous',
  'async-workers': 'never existed; V1 has --api-server-count',
  'prometheus-port': METRICS,
  'prometheus-block-addr': METRICS,
  'prometheus-block-port': METRICS,
  'server-name': 'never existed; --served-model-name names the model',
  'offload-weights': 'never existed: use --cpu-offload-gb',
  'max-batch-size': 'never existed: use --max-num-seqs',
  'max-tokens': 'of each request, not of the server',
  temperature: SAMPLING,
  'top-p': SAMPLING,
  'presence-penalty': SAMPLING,
  'frequency-penalty': SAMPLING,
  'swap-space': 'removed in 0.18.0: V1 never swaps, it recomputes',
  'preemption-mode': 'removed with V0: V1 always recomputes',
  'use-v2-block-manager': 'removed with V0: leave it out',
  'worker-use-ray': 'removed: use --distributed-executor-backend ray',
  'engine-use-ray': 'removed around 0.6: leave it out',
  'num-lookahead-slots': 'removed with V0: V1 takes it from --speculative-config',
  'scheduler-delay-factor': 'removed with V0: leave it out',
  'speculative-model': 'removed: use --speculative-config',
  'num-speculative-tokens': 'removed: use --speculative-config',
  'speculative-disable-by-batch-size': 'removed: leave it out',
  'guided-decoding-backend': 'removed: use --structured-outputs-config',
  'quantization-param-path': 'removed: the scales come from the checkpoint',
  'disable-log-requests': 'removed: logging is off unless --enable-log-requests',
  'disable-mm-preprocessor-cache': 'removed: use --mm-processor-cache-gb 0',
  'rope-scaling': 'removed: use --hf-overrides',
  'rope-theta': 'removed: use --hf-overrides',
};

/** Why the version does not know a flag, and what to use. */
export function adviceFor(name: string, version: VllmVersion): string {
  const dashed = name.replaceAll('_', '-');
  const flag = FLAGS.get(dashed);
  if (Object.hasOwn(ADVICE, dashed)) {
    const isOlder = version !== '0.6.3' && flag?.versions === 'v0';
    return ADVICE[dashed] + (isOlder ? ' (vLLM 0.6.3 has it)' : '');
  }
  if (flag) return flag.versions === 'v1' ? 'not yet in vLLM 0.6.3' : 'removed since vLLM 0.6.3';
  const near = nearestFlag(dashed, version);
  return near === null ? 'no version of vLLM knows it' : `did you mean --${near}?`;
}
