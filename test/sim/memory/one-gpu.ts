import type { Parallel } from '../../../sim/memory/parallel.ts';

export const ONE_GPU: Parallel = { tensor: 1, pipeline: 1, data: 1, experts: false };
