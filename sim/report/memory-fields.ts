/** A number that guides read, with one sentence for each side of it. */
export interface MemoryField {
  readonly unit: 'share' | 'blocks' | 'bytes' | 'count';
  readonly means: string;
  readonly doesNotMean: string;
}

/** docs/memory-stats.md has the same table. */
export const MEMORY_FIELDS: Readonly<Record<string, MemoryField>> = {
  gpu_cache_usage: {
    unit: 'share',
    means:
      'Share of the blocks that requests hold at this moment (vLLM: gpu_cache_usage_perc, kv_cache_usage_perc).',
    doesNotMean:
      'Not the share of GPU memory in use: the pool is allocated in full at the start, so nvidia-smi shows the same when it is 0.',
  },
  free_blocks: {
    unit: 'blocks',
    means: 'Blocks that a request can have now, cached ones that nobody holds included.',
    doesNotMean: 'Not memory that other programs could use, and not blocks without content.',
  },
  largest_free_block: {
    unit: 'blocks',
    means: 'The longest run of free blocks with successive numbers; vLLM has no such figure.',
    doesNotMean:
      'Not a limit for anybody: a request needs a number of blocks, wherever they lie, so a small value is the normal state of a busy server.',
  },
  block_size_bytes: {
    unit: 'bytes',
    means: 'Bytes of one block over all layers of one rank.',
    doesNotMean: 'Not --block-size, which counts tokens, and not the bytes of one layer.',
  },
  'requested_bytes.all.current': {
    unit: 'bytes',
    means: 'What live tensors asked for.',
    doesNotMean: 'Not what they got: sizes are rounded up to 512 bytes.',
  },
  'allocated_bytes.all.current': {
    unit: 'bytes',
    means: 'Blocks handed out to tensors; the whole KV cache is among them from the start.',
    doesNotMean: 'Not how much of the KV cache requests use.',
  },
  'reserved_bytes.all.current': {
    unit: 'bytes',
    means: 'What PyTorch holds from the driver: allocated, and cached for later tensors.',
    doesNotMean: 'Not all that nvidia-smi shows: CUDA context, NCCL and other processes come on top.',
  },
  'inactive_split_bytes.all.current': {
    unit: 'bytes',
    means:
      "The allocator's fragmentation: free bytes in segments that are partly in use, which empty_cache cannot return.",
    doesNotMean: 'Not lost: smaller tensors go there. And nothing of it concerns KV cache blocks.',
  },
  num_alloc_retries: {
    unit: 'count',
    means: 'Allocations for which PyTorch first had to give its whole cache back.',
    doesNotMean: 'Not failures: those end the start.',
  },
  largest_free_bytes: {
    unit: 'bytes',
    means: 'The largest tensor that PyTorch can place without asking the driver.',
    doesNotMean: 'Not the largest that fits: the driver may have more.',
  },
  pool_internal_waste_bytes: {
    unit: 'bytes',
    means:
      "The pool's fragmentation: slots of held blocks without a token, at most one block less a token per sequence.",
    doesNotMean: 'Not holes between blocks: those do not exist, since any free block serves any request.',
  },
  allocator_inactive_split_bytes: {
    unit: 'bytes',
    means: 'inactive_split_bytes of the rank with the most.',
    doesNotMean: 'Not a reason for preemptions: the pool is not allocated through it while serving.',
  },
};
