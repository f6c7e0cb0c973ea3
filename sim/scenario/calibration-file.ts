import * as v from 'valibot';
import type { LinkTiming } from '../catalog/links.ts';
import { nearest } from '../catalog/nearest.ts';
import { TIMING_BOUNDS } from '../catalog/timing-bounds.ts';
import { InputError, type Problem } from '../error.ts';
import type { Calibration } from './calibration.ts';
import { type LocatedYaml, parseLocatedYaml } from './located-yaml.ts';

const FORMAT = 1;
const within = (least: number, most: number, unit = '') => {
  const message = `a number from ${least} to ${most}${unit}`;
  return v.pipe(v.number(message), v.minValue(least, message), v.maxValue(most, message));
};
const PRINTABLE = /^[^\p{C}]{1,200}$/u;
const line = v.pipe(v.string('a text'), v.regex(PRINTABLE, 'a text of one line, at most 200 characters'));
const share = within(0, 100);
const triple = (least: number, most: number) =>
  v.tuple(
    [within(least, most), within(least, most), within(least, most)],
    'three numbers: for 2, 4 and 8 GPUs',
  );

const constantsSchema = v.strictObject(
  Object.fromEntries(
    Object.entries(TIMING_BOUNDS).map(([group, constants]) => [
      group,
      v.optional(
        v.strictObject(
          Object.fromEntries(
            Object.entries(constants).map(([name, [least, most]]) => [name, v.optional(within(least, most))]),
          ),
          'an object of constants',
        ),
      ),
    ]),
  ),
  `an object with ${Object.keys(TIMING_BOUNDS).join(', ')}`,
);

const schema = v.strictObject(
  {
    calibration: v.literal(FORMAT, String(FORMAT)),
    gpu: line,
    source: line,
    parts: v.pipe(v.array(line, 'a list of texts'), v.maxLength(20, 'at most 20 parts')),
    constants: constantsSchema,
    overhead: v.optional(
      v.strictObject(
        {
          'us-per-step': within(0, 1e6, ' µs'),
          'us-per-sequence': within(0, 1e4, ' µs'),
        },
        'an object with us-per-step and us-per-sequence',
      ),
    ),
    link: v.optional(
      v.strictObject(
        { 'latency-us': triple(0, 1e6), 'gb-per-s': triple(0.1, 1e5) },
        'an object with latency-us and gb-per-s',
      ),
    ),
    error: v.tuple([share, share], 'two shares'),
  },
  'an object that poolscope calibrate wrote',
);

/**
 * Reads a file that `poolscope calibrate --output` wrote.
 * @throws InputError with every problem and its place.
 */
export function readCalibration(text: string, file: string): Calibration {
  const yaml = parseLocatedYaml(text, file);
  const result = v.safeParse(schema, yaml.value);
  if (!result.success) throw new InputError(result.issues.map((issue) => problemOf(issue, yaml, file)));
  const { gpu, source, parts, constants, overhead, link, error } = result.output;
  return {
    gpu,
    source,
    parts,
    constants: constants as Calibration['constants'],
    overhead: overhead
      ? { perStep: overhead['us-per-step'] / 1e6, perSequence: overhead['us-per-sequence'] / 1e6 }
      : null,
    link: link
      ? {
          alpha: link['latency-us'].map((us) => us / 1e6) as unknown as LinkTiming['alpha'],
          busGBs: link['gb-per-s'],
          source: 'calibrated',
        }
      : null,
    error,
  };
}

/** The text of such a file. */
export function writeCalibration({ overhead, link, ...calibration }: Calibration): string {
  const us = (seconds: number) => Number((seconds * 1e6).toPrecision(6));
  const file = {
    calibration: FORMAT,
    gpu: calibration.gpu,
    source: calibration.source,
    parts: calibration.parts,
    constants: calibration.constants,
    ...(overhead && {
      overhead: { 'us-per-step': us(overhead.perStep), 'us-per-sequence': us(overhead.perSequence) },
    }),
    ...(link && { link: { 'latency-us': link.alpha.map(us), 'gb-per-s': link.busGBs } }),
    error: calibration.error,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

function problemOf(issue: v.BaseIssue<unknown>, yaml: LocatedYaml, file: string): Problem {
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  const field = path.join('.') || undefined;
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const known = path.length === 1 ? Object.keys(schema.entries) : siblingsOf(path);
    const suggestion = nearest(String(path[path.length - 1]), known) ?? undefined;
    return { file, place: yaml.placeOfKey(path), field, message: 'unknown key', suggestion };
  }
  const message = issue.input === undefined ? 'missing' : `expected ${issue.message}`;
  return { file, place: yaml.placeOfValue(path), field, message };
}

function siblingsOf(path: readonly (string | number)[]): string[] {
  if (path[0] !== 'constants') return [];
  return Object.keys(path.length === 2 ? TIMING_BOUNDS : (TIMING_BOUNDS as Record<string, object>)[path[1]]);
}
