import Tinypool from 'tinypool';
import type { Bundle } from './bundle.ts';
import { pointRunner } from './run-point.ts';

/* A thread of the worker pool. */

export default pointRunner(Tinypool.workerData as Bundle);
