import { findGpu, type Gpu, suggestGpu, unknownGpu } from '../sim/catalog/gpus.ts';
import { InputError } from '../sim/error.ts';

/**
 * The GPU of the catalogue that an option names.
 * @throws InputError with the nearest name.
 */
export function gpuOfOption(option: string, name: string): Gpu {
  const gpu = findGpu(name);
  if (gpu !== null) return gpu;
  throw new InputError([
    { file: option, message: unknownGpu(name), suggestion: suggestGpu(name) ?? undefined },
  ]);
}
