import { clipped } from '../one-line.ts';
import { GIB, MIB } from '../units.ts';
import type { VllmVersion } from './flags.ts';
import type { FlagValue } from './stated-flags.ts';

/** How a flag that Poolscope models reads its value. */
type ValueType = 'string' | 'int' | 'ints' | 'float' | 'bool' | 'json' | readonly string[];

const DTYPES = ['auto', 'half', 'float16', 'bfloat16', 'float', 'float32'];
const ALL_TO_ALL = [
  'naive',
  'pplx',
  'allgather_reducescatter',
  'deepep_high_throughput',
  'deepep_low_latency',
  'flashinfer_all2allv',
  'flashinfer_nvlink_one_sided',
  'flashinfer_nvlink_two_sided',
  'mori',
  'nixl_ep',
];
const NEWER_KV_DTYPES = [
  'fp8_inc',
  'fp8_ds_mla',
  'turboquant_k8v4',
  'turboquant_4bit_nc',
  'turboquant_k3v4_nc',
  'turboquant_3bit_nc',
  'int8_per_token_head',
  'fp8_per_token_head',
  'nvfp4',
];
const FP8 = ['fp8', 'fp8_e4m3', 'fp8_e5m2'];

/** Flags that change the plan or the schedule in this version of Poolscope. */
const MODELLED: Readonly<Record<string, ValueType | ((version: VllmVersion) => ValueType)>> = {
  model: 'string',
  dtype: DTYPES,
  'kv-cache-dtype': (version) =>
    version === '0.6.3' ? ['auto', ...FP8] : ['auto', 'float16', 'bfloat16', ...FP8, ...NEWER_KV_DTYPES],
  'attention-backend': 'string',
  'block-size': (version) => (version === '0.6.3' ? ['8', '16', '32'] : 'int'),
  'gpu-memory-utilization': 'float',
  'max-model-len': 'int',
  'max-num-seqs': 'int',
  'max-num-batched-tokens': 'int',
  'enable-chunked-prefill': 'bool',
  'long-prefill-token-threshold': 'int',
  'max-num-partial-prefills': 'int',
  'max-long-partial-prefills': 'int',
  'enable-prefix-caching': 'bool',
  'scheduling-policy': ['fcfs', 'priority'],
  'tensor-parallel-size': 'int',
  'pipeline-parallel-size': 'int',
  'data-parallel-size': 'int',
  'decode-context-parallel-size': 'int',
  'cp-kv-cache-interleave-size': 'int',
  'dcp-kv-cache-interleave-size': 'int',
  'enable-expert-parallel': 'bool',
  'enable-eplb': 'bool',
  'eplb-config': 'json',
  'all2all-backend': ALL_TO_ALL,
  'disable-hybrid-kv-cache-manager': 'bool',
  'num-gpu-blocks-override': 'int',
  'kv-cache-memory-bytes': 'int',
  'scheduler-reserve-full-isl': 'bool',
  'async-scheduling': 'bool',
  'enforce-eager': 'bool',
  quantization: 'string',
  'swap-space': 'float',
  'cpu-offload-gb': 'float',
  'load-format': 'string',
  'api-server-count': 'int',
  'mm-processor-cache-gb': 'float',
  'speculative-config': 'json',
  'spec-method': 'string',
  'spec-model': 'string',
  'spec-tokens': 'int',
  'disable-chunked-mm-input': 'bool',
  'preemption-mode': 'string',
  'scheduler-delay-factor': 'float',
  'num-lookahead-slots': 'int',
  'disable-async-output-proc': 'bool',
  'optimization-level': 'int',
  'compilation-config': 'json',
  'cudagraph-capture-sizes': 'ints',
  'max-cudagraph-capture-size': 'int',
  'performance-mode': ['balanced', 'interactivity', 'throughput'],
  'disable-sliding-window': 'bool',
  'hf-overrides': 'json',
  'rope-scaling': 'json',
  'limit-mm-per-prompt': (version) => (version === '0.6.3' ? 'string' : 'json'),
  'language-model-only': 'bool',
  'skip-mm-profiling': 'bool',
  'mm-encoder-tp-mode': ['weights', 'data'],
  'enable-lora': 'bool',
  'max-loras': 'int',
  'max-lora-rank': 'int',
  'fully-sharded-loras': 'bool',
  'specialize-active-lora': 'bool',
  'max-cpu-loras': 'int',
  'lora-extra-vocab-size': 'int',
};

const HUMAN_INTEGER_OR_AUTO = 'human_readable_int_or_auto';
/** V1's integers that take `8k` too, and how argparse calls what reads them. */
const HUMAN_INTEGERS: Readonly<Record<string, string>> = {
  'max-model-len': HUMAN_INTEGER_OR_AUTO,
  'max-num-batched-tokens': 'human_readable_int',
  'kv-cache-memory-bytes': 'human_readable_int',
};

/** Whether what the flag changes has a formula here. */
export function isModelled(flag: string): boolean {
  return Object.hasOwn(MODELLED, flag);
}

export type ReadValue = { readonly value: FlagValue } | { readonly refusal: string };

/** Reads the value of a modelled flag; `refusal` is what argparse says to a value that it does not take. */
export function readFlagValue(flag: string, raw: unknown, version: VllmVersion): ReadValue {
  const entry = MODELLED[flag];
  const type = typeof entry === 'function' ? entry(version) : entry;
  const text = typeof raw === 'string' ? raw.trim() : String(raw);
  const quoted = pythonQuoted(text);
  const refuse = (kind: string, shown = quoted): ReadValue => ({
    refusal: `argument --${flag}: invalid ${kind} value: ${shown}`,
  });
  if (Array.isArray(type)) {
    if (!type.includes(text)) {
      const choices = type.map((choice) => (flag === 'block-size' ? choice : `'${choice}'`)).join(', ');
      const shown = flag === 'block-size' && /^-?\d{1,20}$/.test(text) ? text : quoted;
      return { refusal: `argument --${flag}: invalid choice: ${shown} (choose from ${choices})` };
    }
    return { value: flag === 'block-size' ? Number(text) : text };
  }
  switch (type) {
    case 'bool': {
      if (typeof raw === 'boolean') return { value: raw };
      if (/^(true|yes|1)$/i.test(text)) return { value: true };
      return /^(false|no|0)$/i.test(text) ? { value: false } : refuse('bool');
    }
    case 'int': {
      const kind = version === '0.6.3' ? 'int' : (HUMAN_INTEGERS[flag] ?? 'int');
      if (kind === HUMAN_INTEGER_OR_AUTO && /^auto$/i.test(text)) return { value: -1 };
      const value = kind === 'int' ? integer(text) : humanInteger(text);
      return value === null ? refuse(kind) : { value };
    }
    case 'ints': {
      const words = text.split(/[\s,[\]]+/).filter((word) => word !== '');
      const values = words.map(integer);
      const wrong = values.indexOf(null);
      return wrong < 0 && words.length > 0
        ? { value: values as unknown as FlagValue }
        : refuse('int', pythonQuoted(words[wrong] ?? text));
    }
    case 'float': {
      const value = text === '' ? Number.NaN : Number(text);
      return Number.isFinite(value) ? { value } : refuse('float');
    }
    case 'json': {
      // argparse names the function that reads it: V0's is json.loads.
      const parser = version === '0.6.3' ? 'loads' : 'JSON';
      if (typeof raw === 'object' && raw !== null) return { value: raw as FlagValue };
      try {
        const value: unknown = JSON.parse(text);
        return typeof value === 'object' && value !== null ? { value: value as FlagValue } : refuse(parser);
      } catch {
        return refuse(parser);
      }
    }
    default:
      return { value: text };
  }
}

function integer(text: string): number | null {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

const FACTORS: Readonly<Record<string, number>> = {
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  K: 1024,
  M: MIB,
  G: GIB,
  T: 1024 * GIB,
};

/** Whole numbers as V1 takes them here: 8192, 8k (thousands), 8K (1024s), 1.5m, of capitals no parts. */
function humanInteger(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)([kmgt])$|^(\d{1,9})([KMGT])$/.exec(text);
  if (match === null) return integer(text);
  const [, decimal, thousands, whole = decimal, power = thousands] = match;
  return Math.floor(Number(whole) * FACTORS[power]);
}

/** Characters of a value that a message repeats. */
const MOST_SHOWN = 200;

/** As Python's repr() writes a text. */
function pythonQuoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  const inner = clipped(text, MOST_SHOWN).replace(/[\\'\p{Cc}]/gu, (char) => {
    if (char === "'") return quote === "'" ? "\\'" : char;
    if (char === '\\') return '\\\\';
    return escapes[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `${quote}${inner}${quote}`;
}
