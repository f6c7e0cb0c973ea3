import { InputError, type Problem } from '../../sim/error.ts';
import { oneLine } from '../../sim/one-line.ts';
import { printerOf } from '../printer.ts';
import { remark } from '../tell.ts';
import { pointTitle, readManifest } from './manifest.ts';
import { ResultStore } from './result-store.ts';
import type { Row } from './run-point.ts';
import { printReport, type SweepOptions } from './sweep.ts';

const MOST_NAMED = 20;

/**
 * `poolscope sweep merge`: one report of the results of several shards. Returns the exit code.
 * @throws InputError that names the points that no folder has.
 */
export function merge(
  folders: readonly string[],
  options: Pick<SweepOptions, 'json' | 'reporter' | 'output'>,
): number {
  const manifest = readManifest(folders[0]);
  const digests = JSON.stringify(manifest.points.map(({ digest }) => digest));
  for (const folder of folders) {
    if (JSON.stringify(readManifest(folder).points.map(({ digest }) => digest)) === digests) continue;
    throw new InputError([{ file: folder, message: `is of another sweep, or version, than ${folders[0]}` }]);
  }
  const stores = folders.map((folder) => new ResultStore(folder));
  const missing: Problem[] = [];
  const doubled: string[] = [];
  const rows = manifest.points.flatMap(({ digest }, index): Row[] => {
    const title = oneLine(pointTitle(manifest, index));
    const there = stores.flatMap((store) => {
      const text = store.read(digest);
      return text === null ? [] : [{ store, text }];
    });
    if (there.length === 0) {
      missing.push({ file: title, message: 'is missing' });
      return [];
    }
    const [first, ...others] = there;
    for (const other of others) {
      if (other.text !== first.text) {
        const [a, b] = [first, other].map(({ store }) => store.pathOf(digest));
        throw new InputError([{ file: title, message: `has two results: ${a} and ${b}` }]);
      }
    }
    if (others.length > 0)
      doubled.push(`${title} is in ${there.map(({ store }) => store.folder).join(' and ')}`);
    return [{ index, result: JSON.parse(first.text) }];
  });
  if (missing.length > 0) throw new InputError(shortened(missing));
  for (const text of doubled.slice(0, MOST_NAMED)) remark(`${text}; counted once`);
  if (doubled.length > MOST_NAMED) console.error(`and ${doubled.length - MOST_NAMED} more`);
  return printReport(manifest, rows, options, printerOf(options.output));
}

function shortened(problems: readonly Problem[]): Problem[] {
  if (problems.length <= MOST_NAMED) return [...problems];
  const rest = problems.length - MOST_NAMED;
  return [...problems.slice(0, MOST_NAMED), { file: 'merge', message: `${rest} more points are missing` }];
}
