import { parseCommand } from '../command.ts';
import type { VllmVersion } from '../flags.ts';
import { shellWords } from '../shell-words.ts';
import type { Deployment } from './deployment.ts';

const SIZES = ['tensor_parallel_size', 'pipeline_parallel_size', 'data_parallel_size'];
/** As many as a scenario may have. */
const MOST = 1024;

/** How many GPUs a deployment says that it has: its own reservation, devices that it names, `docker run --gpus`. */
export function statedGpus({ gpuCount, env, start }: Deployment): number | null {
  if (gpuCount !== null) return Math.min(MOST, gpuCount);
  if (start.command !== undefined) {
    const words = shellWords(start.command);
    const at = words.indexOf('--gpus');
    const written = at < 0 ? words.find((word) => word.startsWith('--gpus='))?.slice(7) : words[at + 1];
    const devices = /device=([\w,-]+)/.exec(written ?? '');
    if (devices !== null) return devices[1].split(',').length;
    if (/^[1-9]\d{0,3}$/.test(written ?? '')) return Math.min(MOST, Number(written));
  }
  const visible = env.CUDA_VISIBLE_DEVICES ?? env.NVIDIA_VISIBLE_DEVICES;
  return visible !== undefined && /^[\w-]+(,[\w-]+)*$/.test(visible) && !/^(all|none|void)$/.test(visible)
    ? visible.split(',').length
    : null;
}

/** As many as the parallel sizes of the command need. */
export function neededGpus(command: string, version: VllmVersion): number {
  const honoured = parseCommand(command, version)?.flags.honoured ?? {};
  const sizes = SIZES.map((name) => honoured[name]).map((size) => (typeof size === 'number' ? size : 1));
  return Math.min(
    MOST,
    sizes.reduce((product, size) => product * Math.max(1, size), 1),
  );
}
