import type { Workload } from '../../workload/workload.ts';
import { leastLoaded } from './least-loaded.ts';
import { PrefixTree } from './prefix-tree.ts';
import type { EngineLoad, Router } from './router.ts';

/** Thresholds of the SGLang router's command line, under its names. */
export interface PrefixAwareOptions {
  /** Share of the prompt that must be known for the prefix to decide. */
  readonly cacheThreshold: number;
  /** The load decides where it differs by more than this many requests … */
  readonly balanceAbsThreshold: number;
  /** … and the most is more than this many times the least. */
  readonly balanceRelThreshold: number;
}

export const DEFAULT_PREFIX_AWARE: PrefixAwareOptions = {
  cacheThreshold: 0.3,
  balanceAbsThreshold: 64,
  balanceRelThreshold: 1.5,
};

/**
 * The SGLang router's `cache_aware` policy: to the engine that was sent the longest prefix of the prompt last; if too
 * little of it is known, to the one that was sent the fewest different tokens; and where the load is uneven, to the
 * least loaded. It knows what it sent, not what the engines still hold.
 */
export class PrefixAware implements Router {
  private readonly workload: Workload;
  private readonly options: PrefixAwareOptions;
  private readonly tree: PrefixTree;

  constructor(workload: Workload, numEngines: number, options: PrefixAwareOptions) {
    this.workload = workload;
    this.options = options;
    this.tree = new PrefixTree(workload, numEngines);
  }

  pick(request: number, engines: readonly EngineLoad[]): number {
    const engine = this.choose(request, engines);
    this.tree.insert(request, engine);
    return engine;
  }

  private choose(request: number, engines: readonly EngineLoad[]): number {
    if (this.isUneven(engines)) return leastLoaded(engines);
    const { tokens, engine } = this.tree.match(request);
    const share = tokens / this.workload.numPromptTokens[request];
    if (engine >= 0 && share > this.options.cacheThreshold) return engine;
    return this.leastFilled(engines.length);
  }

  private isUneven(engines: readonly EngineLoad[]): boolean {
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (const { numOutstanding } of engines) {
      least = Math.min(least, numOutstanding);
      most = Math.max(most, numOutstanding);
    }
    const { balanceAbsThreshold, balanceRelThreshold } = this.options;
    return most - least > balanceAbsThreshold && most > least * balanceRelThreshold;
  }

  private leastFilled(numEngines: number): number {
    const { numTokens } = this.tree;
    let best = 0;
    for (let i = 1; i < numEngines; i++) if (numTokens[i] < numTokens[best]) best = i;
    return best;
  }
}
