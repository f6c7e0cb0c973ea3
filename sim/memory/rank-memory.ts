import type { ActivationPeak } from './activation.ts';
import type { RankPlace } from './parallel.ts';
import type { RankWeights } from './weights.ts';

/** Memory of one rank at start-up, bytes. */
export interface RankMemory {
  readonly rank: number;
  readonly place: RankPlace;
  readonly totalBytes: number;
  /** What gpu_memory_utilization allows vLLM. */
  readonly budgetBytes: number;
  /** Held by other processes from before the start. */
  readonly otherBytes: number;
  /** On the GPU, after --cpu-offload-gb. */
  readonly weightBytes: number;
  readonly weights: RankWeights;
  /** Weights that stay in host memory. */
  readonly offloadedBytes: number;
  /** The expert-parallel load balancer's own, allocated while the model loads. */
  readonly balancerBytes: number;
  /** Weights of who drafts. */
  readonly drafterBytes: number;
  /** Peak of activations while profiling. */
  readonly activationBytes: number;
  readonly activation: ActivationPeak;
  /** NCCL and other memory outside of torch, as far as vLLM takes it from the budget. */
  readonly nonTorchBytes: number;
  /** CUDA context and NCCL, as far as it does not. */
  readonly uncountedBytes: number;
  /** V1's estimate of its graphs, taken from the budget. */
  readonly cudaGraphBytes: number;
  /** What the budget leaves for the KV cache; negative if it leaves nothing. */
  readonly availableBytes: number;
  /** Of one block, over the tensors of this rank. */
  readonly blockBytes: number;
  /** The blocks that would fit here. */
  readonly numBlocks: number;
  /** The KV cache that is allocated: the blocks of the smallest rank. */
  readonly kvCacheBytes: number;
}
