import type { StartFailure } from '../scenario/scenario.ts';
import type { PoolConfig, SchedulerConfig } from '../scheduler/config.ts';

/** Memory of one rank at start-up, bytes. */
export interface RankMemory {
  readonly rank: number;
  readonly totalBytes: number;
  readonly weightBytes: number;
  /** Peak of activations while profiling. */
  readonly activationBytes: number;
  /** CUDA context, NCCL and other memory outside of torch. */
  readonly nonTorchBytes: number;
  readonly cudaGraphBytes: number;
  readonly kvCacheBytes: number;
}

/** What the configuration becomes on the machine: vLLM's own start-up, predicted. */
export type Plan =
  | {
      readonly starts: true;
      readonly pool: PoolConfig;
      readonly scheduler: SchedulerConfig;
      readonly kvBytesPerToken: number;
      readonly blockBytes: number;
      /** max_model_len-long requests that fit at once. */
      readonly maxConcurrency: number;
      readonly ranks: readonly RankMemory[];
      /** What a user should know: ignored flags, assumptions, unmodelled parts. */
      readonly notes: readonly string[];
    }
  | {
      readonly starts: false;
      readonly because: StartFailure;
      /** vLLM's own words. */
      readonly message: string;
      /** What to change, with the numbers behind it. */
      readonly advice: string;
      readonly notes: readonly string[];
    };
