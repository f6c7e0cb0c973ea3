import * as v from 'valibot';
import { LINKS, type Link } from '../catalog/links.ts';
import { count, text } from './schema-parts.ts';

/** How a scenario describes a GPU or a link that the catalogue does not have. */

const between = (least: number, most: number, what: string) => {
  const message = `${what}, from ${least} to ${most}`;
  return v.optional(v.pipe(v.number(message), v.minValue(least, message), v.maxValue(most, message)));
};

const LINK_NAMES = Object.keys(LINKS) as [Link, ...Link[]];
const LINK = `one of ${LINK_NAMES.join(', ')}`;
/** It is shown in terminals and pages. */
const NAME = 'a name of at most 60 letters, digits, blanks and . _ + - ( ) /';

const bandwidth = between(0.001, 1000, "10¹² bytes/s of the GPU's memory");
const l2Cache = between(0, 10_000, '10⁶ bytes');
const memory = between(0.5, 10_000, 'GiB as torch reports them');
const capability = between(5, 20, 'a number like 8.9');

const GPU =
  'an id of the catalogue, or an object with name, tflops, hbm-tbs, sms, l2-mb, memory-gib, and perhaps like, link, compute-capability';

/** Kebab case, snake case as the catalogue has it, and `tbps`. */
export const gpuSchema = v.union(
  [
    text,
    v.strictObject(
      {
        name: v.pipe(v.string(NAME), v.regex(/^[\w .+()/-]{1,60}$/, NAME)),
        like: v.optional(text),
        tflops: between(0.1, 100_000, '10¹² dense bf16 FLOP/s'),
        'hbm-tbs': bandwidth,
        hbm_tbs: bandwidth,
        tbps: bandwidth,
        sms: v.optional(count(1, 10_000)),
        'l2-mb': l2Cache,
        l2_mb: l2Cache,
        'memory-gib': memory,
        memory_gib: memory,
        link: v.optional(v.picklist(LINK_NAMES, LINK)),
        'compute-capability': capability,
        compute_capability: capability,
      },
      GPU,
    ),
  ],
  GPU,
);

const linkBandwidth = between(0.1, 100_000, '10⁹ bytes/s');
const linkLatency = between(0, 1e6, 'microseconds');
const LINK_OBJECT = `${LINK}, or an object with gb-per-s and latency-us`;

export const linkSchema = v.union(
  [
    v.picklist(LINK_NAMES, LINK_OBJECT),
    v.strictObject(
      {
        'gb-per-s': linkBandwidth,
        gb_per_s: linkBandwidth,
        'latency-us': linkLatency,
        latency_us: linkLatency,
      },
      LINK_OBJECT,
    ),
  ],
  LINK_OBJECT,
);

export type GpuFile = Exclude<v.InferOutput<typeof gpuSchema>, string>;
export type LinkFile = Exclude<v.InferOutput<typeof linkSchema>, string>;
