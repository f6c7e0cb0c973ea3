import { type Check, refuse } from './check.ts';
import { drafterOf } from './drafter.ts';
import { separatesKinds } from './hybrid-manager.ts';
import { layerKvBytes } from './kv-cache.ts';
import { pagesUnify } from './kv-layout.ts';

/** Where kinds of attention share the pool, all pages must become equal, those of who drafts too. */
export const draftPages: Check = ({ scenario, architecture, parallel, weightFormat, kvElementBytes }) => {
  if (architecture.localAttention === null || !separatesKinds(scenario, architecture)) return null;
  const drafter = drafterOf(scenario, architecture, weightFormat)?.model;
  if (!drafter) return null;
  const bytes = [architecture, drafter].flatMap((model) =>
    layerKvBytes(model, parallel.tensor, kvElementBytes),
  );
  return pagesUnify(bytes)
    ? null
    : refuse(
        'NotImplementedError: The page size of the layer is not divisible by the maximum page size. Cannot unify by adjusting block_size.',
        '--disable-hybrid-kv-cache-manager, or another draft model',
      );
};
