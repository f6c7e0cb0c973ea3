import type { Override } from '../../sim/scenario/overrides.ts';
import type { Bundle } from './bundle.ts';
import { pointRunner } from './run-point.ts';

/* A process that worker-process.ts starts: its first message is a bundle, each other the settings of a point. */

// Ctrl-C reaches every process of the terminal; whoever started this one decides.
process.on('SIGINT', () => {});
process.once('message', (bundle: Bundle) => {
  const run = pointRunner(bundle);
  process.on('message', (overrides: readonly Override[]) => process.send!(run(overrides)));
});
