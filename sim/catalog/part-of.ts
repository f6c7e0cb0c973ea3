import type { Architecture } from './architecture.ts';

/** A model with some of its layers only. */
export function partOf(model: Architecture, { first, end }: { first: number; end: number }): Architecture {
  const { moe, localAttention } = model;
  const hasExperts = moe?.hasExperts.slice(first, end) ?? [];
  return {
    ...model,
    numLayers: end - first,
    moe: moe && { ...moe, hasExperts, layers: hasExperts.filter(Boolean).length },
    localAttention: localAttention && {
      ...localAttention,
      isLocal: localAttention.isLocal.slice(first, end),
    },
  };
}
