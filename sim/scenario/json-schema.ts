import type * as v from 'valibot';
import { findMetric } from '../report/metrics.ts';
import { expectations } from './expect-schema.ts';
import { ALL_FLAGS, type Flag } from './flags.ts';
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
  const scenario = convert(scenarioSchema as v.GenericSchema as unknown as Part);
  const properties = scenario.properties as Record<string, Json>;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Poolscope scenario, version 1',
    ...scenario,
    properties: { ...properties, engine: engineSchema(properties.engine) },
    $defs: { expectation: expectationSchema() },
  };
}

/** Without descriptions: editors would show them in place of the metric's. */
function expectationSchema(): Json {
  const { anyOf } = convert(expectations as v.GenericSchema as unknown as Part);
  return { anyOf: (anyOf as Json[]).map(({ description: _, ...option }) => option) };
}

const KINDS: Readonly<Record<Flag['kind'], string>> = {
  honour: 'Changes memory or scheduling.',
  light: 'Hardly touches memory or scheduling.',
  serving: 'Ignored here: does not touch memory or scheduling.',
};
const VERSIONS: Readonly<Record<Flag['versions'], string>> = {
  both: '',
  v0: ' vLLM 0.6.3 only.',
  v1: ' Not in vLLM 0.6.3.',
};

/** Flags by their names; what is written with underscores or as no-NAME, as vLLM takes it too, is left to Poolscope to check. */
function engineSchema(record: Json): Json {
  const flags = ALL_FLAGS.map(({ name, kind, versions, isSwitch }) => [
    name,
    {
      description: `vllm serve --${name}. ${KINDS[kind]}${VERSIONS[versions]}`,
      ...(isSwitch && { type: 'boolean' }),
    },
  ]);
  return {
    ...record,
    properties: Object.fromEntries(flags),
    patternProperties: { '_|^no-': {} },
    additionalProperties: false,
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
    // Editors show no description beside a reference.
    return [key, { description, allOf: [{ $ref: '#/$defs/expectation' }] }];
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
