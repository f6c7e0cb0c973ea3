import { type Arguments, type Check, type Refusal, refuse } from './check.ts';
import { flagsOf } from './flags.ts';
import { GRAPH_MODES } from './graph-capture.ts';
import { compilationOf, modeOf, sizeLimits } from './graph-flags.ts';
import { captureSizes, sizesOfWholeRequests } from './graph-sizes.ts';

/** vLLM's checks of what is to be captured as CUDA graphs. */
export const graphs: Check = (args) =>
  saidTwice(args) ?? unknownMode(args) ?? unequalSizes(args) ?? noWholeRequests(args);

function saidTwice({ scenario }: Arguments): Refusal | null {
  const flag = flagsOf(scenario);
  const compilation = compilationOf(scenario);
  const twice = ['cudagraph_capture_sizes', 'max_cudagraph_capture_size'].find(
    (name) => flag(name) !== null && (compilation[name] ?? null) !== null,
  );
  return twice === undefined
    ? null
    : refuse(
        `ValueError: ${twice} and compilation_config.${twice} are mutually exclusive`,
        `leave one of --${twice.replaceAll('_', '-')} and --compilation-config's out`,
      );
}

function unknownMode({ scenario }: Arguments): Refusal | null {
  const { cudagraph_mode: mode } = compilationOf(scenario);
  return typeof mode !== 'string' || GRAPH_MODES.some((known) => known === mode.toUpperCase())
    ? null
    : refuse(`KeyError: '${mode.toUpperCase()}'`, `one of ${GRAPH_MODES.join(', ')} as cudagraph_mode`);
}

function unequalSizes(args: Arguments): Refusal | null {
  const { scenario, limits } = args;
  if (modeOf(scenario, args) === 'NONE') return null;
  const sized = sizeLimits(scenario, limits);
  const { stated, statedLargest } = sized;
  const largest = captureSizes(sized).at(-1) ?? 0;
  return stated === null || statedLargest === null || statedLargest === largest
    ? null
    : refuse(
        `ValueError: customized max_cudagraph_capture_size(=${statedLargest}) should be consistent with the max value of cudagraph_capture_sizes(=${largest})`,
        'leave --max-cudagraph-capture-size out',
      );
}

/** Steps of decodes with drafts have graphs only where a size holds a request. */
function noWholeRequests(args: Arguments): Refusal | null {
  const { scenario, limits } = args;
  const sized = sizeLimits(scenario, limits);
  const { decodeTokens } = sized;
  const sizes = captureSizes(sized);
  const areWhole = decodeTokens > 1 && sizes.length > 0 && modeOf(scenario, args).startsWith('FULL');
  if (!areWhole || sizesOfWholeRequests(sizes, decodeTokens).length > 0) return null;
  return refuse(
    `ValueError: No valid cudagraph sizes after rounding to multiple of ${decodeTokens} (num_speculative_tokens + 1 or tp if sequence parallelism is enabled) please adjust num_speculative_tokens (${decodeTokens - 1}) or max_cudagraph_capture_size (${sizes.at(-1)}) or cudagraph_capture_sizes ([${sizes.join(', ')}])`,
    `--max-cudagraph-capture-size ${decodeTokens} or more`,
  );
}
