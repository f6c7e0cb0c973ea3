import { MIB } from '../units.ts';

/** The data centre's Hopper and Blackwell. */
const LARGE_WORKSPACE_GENERATIONS = [9, 10];

/** What PyTorch gives cuBLAS at its first product and keeps (CUBLAS_WORKSPACE_CONFIG unset): `CublasHandlePool.cpp`. */
export function cublasWorkspaceBytes(computeCapability: number): number {
  return (LARGE_WORKSPACE_GENERATIONS.includes(Math.floor(computeCapability)) ? 32 : 8.125) * MIB;
}
