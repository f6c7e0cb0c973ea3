import { invariant } from '../../error.ts';
import { scenarioShape } from '../../moe/scenario-shape.ts';
import { receivesRows } from '../../moe/step-buffers.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { allocatorConfOf } from '../allocator-conf.ts';
import { resolveHardware } from '../resolve.ts';
import { alikeRanks, startRank } from '../start-allocation.ts';
import { startUp } from '../startup.ts';
import { limitsOf, startupInputOf } from '../startup-input.ts';
import { AllocatorObserver } from './allocator-observer.ts';
import { ForwardPass } from './forward-pass.ts';
import { forwardShapeOf } from './forward-shape.ts';
import { ServingRank } from './serving-rank.ts';

/**
 * The GPUs of a scenario that starts, as its start-up leaves them, ready to be served from.
 * @param rows of each rank among those that share the experts, in the step at hand: token-expert pairs of its
 * fullest layer.
 */
export function servingMemory(scenario: Scenario, rows: ArrayLike<number> | null): AllocatorObserver {
  const hardware = resolveHardware(scenario);
  const limits = limitsOf(scenario, hardware);
  const conf = allocatorConfOf(scenario);
  invariant(!('because' in conf), 'a scenario that starts has options that PyTorch knows');
  const input = startupInputOf(scenario, hardware, limits, conf);
  const startup = startUp(input);
  const experts = scenarioShape(scenario, hardware, limits.maxNumBatchedTokens);
  const follows = experts !== null && receivesRows(experts);
  const groups = follows ? startup.ranks.map((rank) => [rank]) : alikeRanks(startup);
  const served = groups.map((ranks) => {
    const [first] = ranks;
    const { allocator } = startRank(input, startup, first);
    const pass = new ForwardPass(allocator, forwardShapeOf(input, first, experts));
    const { replica, tensorRank } = first.place;
    return {
      rank: new ServingRank(
        ranks.map(({ rank }) => rank),
        allocator,
        pass,
      ),
      expertRank: replica * input.parallel.tensor + tensorRank,
    };
  });
  return new AllocatorObserver(input, served, follows ? rows : null);
}
