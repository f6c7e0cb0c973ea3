import type { Architecture } from '../catalog/architecture.ts';
import type { Workload } from '../workload/workload.ts';

/**
 * An experiment: what it would bring to keep the experts of a prefix and to reuse them for equal prefixes, as a guide
 * to GLM-4.7-Flash claims of --enable-expert-cache. No vLLM has it.
 */
export interface RoutingReuse {
  readonly promptTokens: number;
  /** Of these, tokens behind a prefix that an earlier prompt has too: all that could be reused. */
  readonly reusableTokens: number;
  /** FLOPs of the gate among those of a layer's matrices, per token: all that a reuse saves. */
  readonly gateShare: number;
  /** To keep one token's choices, all layers, 16 bits each. */
  readonly bytesPerToken: number;
}

/** What it would bring to reuse a workload's routing decisions for equal prefixes; null without experts. */
export function routingReuse(architecture: Architecture, workload: Workload): RoutingReuse | null {
  const { moe } = architecture;
  if (moe === null) return null;
  const promptTokens = workload.numPromptTokens.reduce((sum, tokens) => sum + tokens, 0);
  return {
    promptTokens,
    reusableTokens: sharedTokens(workload),
    gateShare: gateShare(architecture),
    bytesPerToken: 2 * moe.topK * moe.layers,
  };
}

/** 2 E H of 2 H (E + 3 k I + 3 I_shared) + attention's projections, whose number of values is about 4 H². */
function gateShare({ moe, hiddenSize: h }: Architecture): number {
  if (moe === null) return 0;
  const gate = moe.numExperts * h;
  return gate / (gate + 3 * h * (moe.topK * moe.expertSize + moe.sharedSize) + 4 * h * h);
}

interface Branch {
  length: number;
  readonly next: Map<string, Branch>;
}

/** Prompt tokens behind a prefix of an earlier prompt: runs of the same segment and offset, as far as both go. */
function sharedTokens({ numRequests, runStart, runSegment, runOffset, runLength }: Workload): number {
  const root: Map<string, Branch> = new Map();
  let shared = 0;
  for (let request = 0; request < numRequests; request++) {
    let branches = root;
    for (let run = runStart[request]; run < runStart[request + 1]; run++) {
      const key = `${runSegment[run]}/${runOffset[run]}`;
      const length = runLength[run];
      const known = branches.get(key);
      if (known === undefined) {
        const branch = { length, next: new Map() };
        branches.set(key, branch);
        branches = branch.next;
        continue;
      }
      shared += Math.min(length, known.length);
      if (length !== known.length) {
        known.length = Math.max(length, known.length);
        break;
      }
      branches = known.next;
    }
  }
  return shared;
}
