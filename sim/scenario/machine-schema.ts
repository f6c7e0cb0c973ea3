import * as v from 'valibot';
import { gpuSchema, linkSchema } from './gpu-schema.ts';
import { text } from './schema-parts.ts';

/** What a scenario says of the machine: GPUs, host, environment variables. */

const gib = v.pipe(
  v.number('a number of GiB'),
  v.minValue(0, 'a number of GiB, 0 or more'),
  v.maxValue(100_000, 'a number of GiB, at most 100000'),
);
const PRICE = 'a price above 0, at most 1000000';
const COUNT = 'a whole number from 1 to 1024';

export const hardwareSchema = v.strictObject(
  {
    gpu: gpuSchema,
    link: v.optional(linkSchema),
    calibration: v.optional(text),
    count: v.optional(
      v.pipe(v.number(COUNT), v.integer(COUNT), v.minValue(1, COUNT), v.maxValue(1024, COUNT)),
    ),
    'other-gib': v.optional(v.union([gib, v.array(gib)])),
    'price-per-gpu-hour': v.optional(v.pipe(v.number(PRICE), v.gtValue(0, PRICE), v.maxValue(1e6, PRICE))),
  },
  'an object with gpu, count, link, calibration, other-gib and price-per-gpu-hour',
);

export const hostSchema = v.strictObject(
  { 'memory-gib': v.optional(gib), 'container-limit-gib': v.optional(gib) },
  'an object with memory-gib and container-limit-gib',
);

export const envSchema = v.record(
  v.string(),
  v.pipe(v.union([v.string(), v.number(), v.boolean()], 'a text'), v.transform(String)),
  'an object of environment variables',
);

export type HardwareFile = v.InferOutput<typeof hardwareSchema>;
export type HostFile = v.InferOutput<typeof hostSchema>;
