import type * as v from 'valibot';
import { findMetric } from '../report/metrics.ts';
import { expectations } from './expect-schema.ts';
import { scenarioSchema } from './schema.ts';

type Json = Record<string, unknown>;
/** What is read of valibot's schemas and actions. */
interface Part {
  readonly kind: string;
  readonly type: string;
  readonly message?: unknown;
  readonly requirement?: unknown;
  readonly pipe?: readonly Part[];
  readonly entries?: Readonly<Record<string, Part>>;
  readonly options?: readonly unknown[];
  readonly items?: readonly Part[];
  readonly item?: Part;
  readonly wrapped?: Part;
  readonly literal?: unknown;
}

/** The JSON Schema (2020-12) of scenario files, from the definitions that validate them. */
export function scenarioJsonSchema(): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Poolscope scenario, version 1',
    ...convert(scenarioSchema as v.GenericSchema as unknown as Part),
    $defs: { expectation: convert(expectations as v.GenericSchema as unknown as Part) },
  };
}

/** What a schema accepts; values that are read as text (durations, shares, expressions) are texts here. */
function convert(schema: Part): Json {
  const json = convertType(schema);
  for (const action of schema.pipe?.slice(1) ?? []) Object.assign(json, constraintOf(action));
  if (typeof schema.message === 'string' && json.description === undefined) json.description = schema.message;
  return json;
}

function convertType(schema: Part): Json {
  const { type, wrapped, item, items, entries } = schema;
  switch (type) {
    case 'optional':
      return convert(wrapped!);
    case 'strict_object':
      return convertObject(entries!);
    case 'union':
      return { anyOf: (schema.options as readonly Part[]).map(convert) };
    case 'picklist':
      return { enum: schema.options };
    case 'literal':
      // YAML has a number for infinity, JSON has none: there it is the word.
      return { const: schema.literal === Number.POSITIVE_INFINITY ? 'inf' : schema.literal };
    case 'array':
      return { type: 'array', items: convert(item!) };
    case 'tuple':
      return {
        type: 'array',
        prefixItems: items!.map(convert),
        minItems: items!.length,
        maxItems: items!.length,
      };
    case 'record':
      return { type: 'object' };
    case 'string':
    case 'number':
    case 'boolean':
      return { type };
    case 'unknown':
      return {};
    default:
      throw new Error(`JSON Schema: ${type} is not known`);
  }
}

function convertObject(entries: Readonly<Record<string, Part>>): Json {
  const properties = Object.entries(entries).map(([key, entry]) => {
    const metric = findMetric(key);
    if (metric === null) return [key, convert(entry)];
    const description = `${metric.about} (${metric.kind}, ${metric.unit})`;
    return [key, { $ref: '#/$defs/expectation', description }];
  });
  const required = Object.keys(entries).filter((key) => entries[key].type !== 'optional');
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** What an action of a pipe adds; checks in code say nothing here. */
function constraintOf({ type, requirement }: Part): Json {
  switch (type) {
    case 'integer':
      return { type: 'integer' };
    case 'min_value':
      return { minimum: requirement };
    case 'max_value':
      return { maximum: requirement };
    case 'lt_value':
      return { exclusiveMaximum: requirement };
    case 'min_length':
      return { minItems: requirement };
    case 'max_length':
      return { maxItems: requirement };
    case 'non_empty':
      return { minLength: 1 };
    default:
      return {};
  }
}
