import { InputError } from '../../error.ts';
import { MIB } from '../../units.ts';
import { floorLog2, LARGE_SEGMENT, NUM_DIVISIONS } from './rounding.ts';

/** The options of PYTORCH_CUDA_ALLOC_CONF that the native allocator's decisions depend on. */
export interface AllocatorConf {
  /** Blocks from this size on are not split; infinite by default. */
  readonly maxSplitBytes: number;
  /** Share of the memory fraction's limit above which unused segments are given back; 0 = off. */
  readonly garbageCollectionThreshold: number;
  /** See roundedBytes. */
  readonly roundupDivisions: Uint32Array;
  readonly expandableSegments: boolean;
}

const VARIABLE = 'PYTORCH_CUDA_ALLOC_CONF';
const KNOWN = [
  'max_split_size_mb',
  'garbage_collection_threshold',
  'roundup_power2_divisions',
  'expandable_segments',
  'backend',
  'release_lock_on_cudamalloc',
  'pinned_use_cuda_host_register',
  'pinned_num_register_threads',
] as const;

/**
 * Parses PYTORCH_CUDA_ALLOC_CONF as PyTorch 2.4 does (`CUDAAllocatorConfig::parseArgs`), with its messages.
 * Options that change no decision (pinned memory, locks) are checked and forgotten.
 * @throws InputError, also for backend:cudaMallocAsync, which is another allocator.
 */
export function parseAllocatorConf(text: string): AllocatorConf {
  const tokens = new Tokens(text);
  let maxSplitBytes = Number.POSITIVE_INFINITY;
  let garbageCollectionThreshold = 0;
  const roundupDivisions = new Uint32Array(NUM_DIVISIONS);
  let expandableSegments = false;
  while (!tokens.atEnd) {
    const option = tokens.take('') as (typeof KNOWN)[number];
    if (!KNOWN.includes(option)) throw wrong(`Unrecognized CachingAllocator option: ${option}`);
    tokens.expect(':');
    switch (option) {
      case 'max_split_size_mb':
        maxSplitBytes = maxSplitOf(tokens.take('Error, expecting max_split_size_mb value'));
        break;
      case 'garbage_collection_threshold':
        garbageCollectionThreshold = thresholdOf(
          tokens.take('Error, expecting garbage_collection_threshold value'),
        );
        break;
      case 'roundup_power2_divisions':
        readDivisions(tokens, roundupDivisions);
        break;
      case 'backend':
        checkBackend(tokens.take('Error parsing backend value'));
        break;
      case 'pinned_num_register_threads':
        checkThreads(tokens.take('Error, expecting pinned_num_register_threads value'));
        break;
      case 'expandable_segments':
        expandableSegments = truthOf(option, tokens);
        break;
      default:
        truthOf(option, tokens);
    }
    if (!tokens.atEnd) tokens.expect(',');
  }
  return { maxSplitBytes, garbageCollectionThreshold, roundupDivisions, expandableSegments };
}

/** What PyTorch does when the variable is not set. */
export function defaultAllocatorConf(): AllocatorConf {
  return parseAllocatorConf('');
}

/** Words and the marks `, : [ ]`; blanks vanish, also inside words. */
class Tokens {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(text: string) {
    this.tokens = text.replaceAll(' ', '').match(/[,:[\]]|[^,:[\]]+/g) ?? [];
  }

  get atEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  get next(): string | undefined {
    return this.tokens[this.at];
  }

  take(otherwise: string): string {
    if (this.atEnd) throw wrong(otherwise);
    return this.tokens[this.at++];
  }

  expect(mark: string): void {
    if (this.next !== mark) throw wrong(`Error parsing CachingAllocator settings, expected ${mark}`);
    this.at++;
  }
}

function maxSplitOf(word: string): number {
  const mebibytes = wholeNumber(word);
  const least = LARGE_SEGMENT / MIB;
  if (mebibytes <= least) {
    throw wrong(`CachingAllocator option max_split_size_mb too small, must be > ${least}`);
  }
  return mebibytes * MIB;
}

function thresholdOf(word: string): number {
  const threshold = /^[+-]?(\d|\.\d)/.test(word) ? Number.parseFloat(word) : Number.NaN;
  if (Number.isNaN(threshold)) throw wrong(`stod: '${word}' is no number`);
  if (threshold <= 0) throw wrong('garbage_collect_threshold too small, set it 0.0~1.0');
  if (threshold >= 1) throw wrong('garbage_collect_threshold too big, set it 0.0~1.0');
  return threshold;
}

/** One number for all sizes, or a list `[k:d,…,>:d]` with k in MiB. */
function readDivisions(tokens: Tokens, divisions: Uint32Array): void {
  const first = tokens.take('Error, expecting roundup_power2_divisions value');
  if (first !== '[') {
    const parts = wholeNumber(first);
    if (!isPowerOf2(parts)) throw wrong('For roundups, the divisons has to be power of 2 ');
    divisions.fill(parts);
    return;
  }
  let last = -1;
  while (tokens.next !== ']' && !tokens.atEnd) {
    const key = tokens.take('');
    tokens.expect(':');
    const parts = wholeNumber(tokens.take('Error parsing roundup_power2_divisions value'));
    if (parts !== 0 && !isPowerOf2(parts)) {
      throw wrong('For roundups, the divisions has to be power of 2 or 0 to disable roundup ');
    }
    if (key === '>') {
      // From the last key inclusive: PyTorch overwrites that key's own value.
      divisions.fill(parts, Math.max(last, 0));
    } else {
      const mebibytes = wholeNumber(key);
      if (!isPowerOf2(mebibytes)) throw wrong('For roundups, the intervals have to be power of 2 ');
      const index = Math.min(floorLog2(mebibytes), NUM_DIVISIONS - 1);
      if (last < 0) divisions.fill(parts, 0, index);
      divisions[index] = parts;
      last = index;
    }
    if (tokens.next !== ']') tokens.expect(',');
  }
  if (!tokens.atEnd) tokens.expect(']');
}

function checkBackend(name: string): void {
  if (name === 'cudaMallocAsync') {
    throw wrong('backend:cudaMallocAsync is not simulated; only the native backend is');
  }
  if (name !== 'native') {
    throw wrong('Unknown allocator backend, options are native and cudaMallocAsync');
  }
}

function checkThreads(word: string): void {
  const threads = wholeNumber(word);
  if (!isPowerOf2(threads)) throw wrong('Number of register threads has to be power of 2 ');
  if (threads > 128) throw wrong('Number of register threads should be less than or equal to 128');
}

function truthOf(option: string, tokens: Tokens): boolean {
  const message = `Expected a single True/False argument for ${option}`;
  const word = tokens.take(message);
  if (word !== 'True' && word !== 'False') throw wrong(message);
  return word === 'True';
}

/** As std::stoi: digits at the start count, what follows them is ignored. */
function wholeNumber(word: string): number {
  const digits = /^[+-]?\d+/.exec(word);
  if (digits === null) throw wrong(`stoi: '${word}' is no whole number`);
  const value = Number(digits[0]);
  if (value > 0x7fff_ffff || value < -0x8000_0000) throw wrong(`stoi: '${word}' is out of range`);
  return value;
}

function isPowerOf2(n: number): boolean {
  return n > 0 && (n & (n - 1)) === 0;
}

function wrong(message: string): InputError {
  return new InputError([{ file: VARIABLE, message }]);
}
