import { InputError } from '../error.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type AllocatorConf, parseAllocatorConf } from './caching-allocator/conf.ts';
import type { Refusal } from './check.ts';

/** Its name, and the one that PyTorch has since 2.9, which goes before. */
export const ALLOCATOR_VARIABLES = ['PYTORCH_ALLOC_CONF', 'PYTORCH_CUDA_ALLOC_CONF'] as const;

/**
 * What the environment says of PyTorch's allocator, or why PyTorch refuses it.
 * @throws InputError for another allocator (`backend:cudaMallocAsync`), which is not modelled.
 */
export function allocatorConfOf({ env, file, placeOf }: Scenario): AllocatorConf | Refusal {
  const name = ALLOCATOR_VARIABLES.find((variable) => Object.hasOwn(env, variable));
  const text = name === undefined ? '' : env[name];
  try {
    return parseAllocatorConf(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { message } = error.problems[0];
    if (/\bbackend\W*cudaMallocAsync/.test(text)) {
      const place = placeOf(`env.${name}`) ?? placeOf('command');
      throw new InputError([{ file, place, field: name, message }]);
    }
    return {
      because: 'invalid-argument',
      message: `RuntimeError: ${message}`,
      advice: `mend ${name}, or leave it out: docs/allocator.md says which options there are`,
    };
  }
}
