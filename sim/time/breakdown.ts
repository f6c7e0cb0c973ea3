/** Where the time of a step goes, seconds; the parts sum to the step. */
export interface StepBreakdown {
  /** Dense matrix products: projections, MLPs, routers, head. */
  readonly gemm: number;
  readonly attention: number;
  /** Routed experts. */
  readonly moe: number;
  readonly elementwise: number;
  readonly sampler: number;
  /** Exchanges between ranks: all-reduces, and tokens on their way to experts. */
  readonly allReduce: number;
  /** Between GPU and host: offloaded weights, V0's swaps; and V0's copies of blocks. */
  readonly transfer: number;
  /** Images on their way through the encoder. */
  readonly encoder: number;
  /** Making drafts for the next step; verifying them is among the others. */
  readonly drafts: number;
  /** The CPU, as far as the GPU waits for it. */
  readonly overhead: number;
}

/** In the order in which they are shown. */
export const COMPONENTS = [
  'gemm',
  'attention',
  'moe',
  'elementwise',
  'sampler',
  'allReduce',
  'transfer',
  'encoder',
  'drafts',
  'overhead',
] as const;

/** What each is called. */
export const COMPONENT_LABELS: Readonly<Record<(typeof COMPONENTS)[number], string>> = {
  gemm: 'matrix products',
  attention: 'attention',
  moe: 'experts',
  elementwise: 'element-wise',
  sampler: 'sampling',
  allReduce: 'exchange',
  transfer: 'transfers',
  encoder: 'image encoder',
  drafts: 'drafts',
  overhead: 'CPU',
};

/** Of all parts, which follow each other. */
export function totalSeconds(breakdown: StepBreakdown): number {
  return COMPONENTS.reduce((sum, component) => sum + breakdown[component], 0);
}
