import type { LinkTiming } from '../catalog/links.ts';

/** Seconds of an all-reduce of `bytes` over n ranks (semantics/time.md §1); 0 for one rank. */
export function allReduce(link: LinkTiming, ranks: number, bytes: number): number {
  if (ranks === 1) return 0;
  const size = sizeClass(ranks);
  return link.alpha[size] + ((2 * (ranks - 1)) / ranks) * (bytes / (link.busGBs[size] * 1e9));
}

/**
 * Seconds of one layer's all-gather and reduce-scatter around the experts, where replicas share them: `tokens` of
 * all replicas, of `hidden` 16-bit values (semantics/time.md §1).
 */
export function expertExchange(link: LinkTiming, ranks: number, tokens: number, hidden: number): number {
  if (ranks === 1) return 0;
  const size = sizeClass(ranks);
  return 2 * (link.alpha[size] + (tokens * hidden) / (link.busGBs[size] * 1e9));
}

/**
 * Seconds of sending a batch of m tokens to the next pipeline stage: vLLM sends hidden states and residuals, 16-bit
 * values of width `hidden` each, every rank its share of them, and gathers the shares there. Not measured.
 */
export function stageSend(link: LinkTiming, ranks: number, m: number, hidden: number): number {
  const bytes = 4 * m * hidden;
  const sent = link.alpha[0] + bytes / ranks / (link.busGBs[0] * 1e9);
  if (ranks === 1) return sent;
  const size = sizeClass(ranks);
  return sent + link.alpha[size] + (((ranks - 1) / ranks) * bytes) / (link.busGBs[size] * 1e9);
}

/** Column of the link's figures: 2, up to 4, more ranks. */
function sizeClass(ranks: number): 0 | 1 | 2 {
  return ranks <= 2 ? 0 : ranks <= 4 ? 1 : 2;
}
