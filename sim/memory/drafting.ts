import { isObject } from '../plain-values.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type Check, refuse } from './check.ts';
import { flagsOf, numberOf } from './flags.ts';

/** How V1 drafts tokens, as far as memory and scheduling depend on it (vLLM `SpeculativeConfig`). */
export interface Drafting {
  /** In vLLM's words: "ngram", "eagle", "mtp", "draft_model", … */
  readonly method: string;
  /** The draft model's name, or what stands in its place; empty = none. */
  readonly model: string;
  /** num_speculative_tokens. */
  readonly numTokens: number;
  /** The drafter reads the model's hidden states: prefix hits lose their last block (vLLM `use_eagle`). */
  readonly readsHiddenStates: boolean;
  /** Token slots that drafting adds to the batch, per request. */
  readonly extraSlots: number;
  readonly disablesPaddedBatch: boolean;
}

/** What reads hidden states; MTP under any of its names is "mtp". */
const HIDDEN_STATES = new Set(['eagle', 'eagle3', 'mtp', 'dflash']);
/** Methods that no model's name overrides. */
const FIXED = new Set(['ngram', 'ngram_gpu', 'suffix', 'custom_class', 'extract_hidden_states']);
/** Parts of a draft model's name that say how it drafts, in the order in which vLLM looks for them. */
const IN_NAMES = [
  ['eagle-', 'eagle'],
  ['eagle3', 'eagle3'],
  ['dflash', 'dflash'],
] as const;

/** Flags that are short for keys of --speculative-config. */
const SHORT_FORMS = [
  ['spec_method', 'method'],
  ['spec_model', 'model'],
  ['spec_tokens', 'num_speculative_tokens'],
] as const;

/** --speculative-config with the flags that are short for its keys; null: there is neither. */
function speculationOf(scenario: Scenario): Readonly<Record<string, unknown>> | null {
  const flag = flagsOf(scenario);
  const config = flag('speculative_config');
  const short = SHORT_FORMS.filter(([name]) => flag(name) !== null);
  if (!isObject(config) && short.length === 0) return null;
  return {
    ...(isObject(config) && config),
    ...Object.fromEntries(short.map(([name, key]) => [key, flag(name)])),
  };
}

export const draftsAreSaidOnce: Check = ({ scenario }) => {
  const flag = flagsOf(scenario);
  const config = flag('speculative_config');
  const twice = SHORT_FORMS.find(([name, key]) => flag(name) !== null && isObject(config) && key in config);
  if (twice === undefined) return null;
  const name = twice[0].replaceAll('_', '-');
  return refuse(
    `ValueError: --${name} and --speculative-config['${twice[1]}'] are mutually exclusive`,
    `leave --${name} out`,
  );
};

/** null: without --speculative-config. */
export function draftingOf(scenario: Scenario): Drafting | null {
  const config = speculationOf(scenario);
  if (config === null) return null;
  const { num_speculative_tokens: tokens, parallel_drafting, disable_padded_drafter_batch } = config;
  const model = typeof config.model === 'string' ? config.model : '';
  const method = methodOf(config.method, model);
  const numTokens = numberOf(tokens, 0);
  const isParallel = parallel_drafting === true || method === 'dflash';
  return {
    method,
    model,
    numTokens,
    readsHiddenStates: HIDDEN_STATES.has(method),
    extraSlots: (isParallel ? Math.max(0, numTokens - 1) : 0) + (method === 'draft_model' ? 1 : 0),
    disablesPaddedBatch: disable_padded_drafter_batch === true,
  };
}

/** Whether tokens are drafted on the GPU by what vLLM schedules asynchronously of its own accord. */
export function draftsAsynchronously({ method }: Drafting): boolean {
  return HIDDEN_STATES.has(method) || method === 'extract_hidden_states' || method === 'ngram_gpu';
}

/** Slots beyond the known tokens that a running request asks for. */
export function lookaheadOf({ method, numTokens, readsHiddenStates }: Drafting): number {
  return readsHiddenStates || method === 'draft_model' ? numTokens : 0;
}

function methodOf(stated: unknown, name: string): string {
  // A dot and no slash are taken for a Python class.
  if (name.includes('.') && !name.includes('/')) return 'custom_class';
  const method = typeof stated === 'string' ? stated : /^\[?ngram\]?$/.test(name) ? 'ngram' : 'draft_model';
  if (method === '[ngram]') return 'ngram';
  if (method.endsWith('_mtp')) return 'mtp';
  if (FIXED.has(method) || HIDDEN_STATES.has(method)) return method;
  return IN_NAMES.find(([part]) => name.toLowerCase().includes(part))?.[1] ?? method;
}
