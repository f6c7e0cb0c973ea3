import { parse } from 'yaml';
import { InputError, type Problem } from '../error.ts';
import type { LocatedYaml } from './located-yaml.ts';
import { shellText } from './shell-words.ts';

/** A field that the caller sets in place of the file: `workload.request-rate=5`. */
export interface Override {
  readonly text: string;
  readonly path: readonly string[];
  readonly value: unknown;
  /** Who sets it, for messages: `--set workload.request-rate=5`. */
  readonly origin: string;
}

const MOST = 100;
/** Metrics and flags have colons and dashes in their names; numbers are places in lists. */
const KEY = /^[\w:-]+(\.[\w:-]+)*$/;
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/**
 * Reads KEY=VALUE; the value is YAML.
 * @throws InputError
 */
export function parseOverride(text: string): Override {
  const at = text.indexOf('=');
  const key = text.slice(0, Math.max(0, at));
  if (!KEY.test(key)) throw problem(text, 'expected KEY=VALUE with a dotted key, like engine.block-size=32');
  const path = overridePath(key);
  if (path === null) throw problem(text, 'is no key of a scenario');
  let value: unknown;
  try {
    value = parse(text.slice(at + 1), { maxAliasCount: 0, logLevel: 'error' });
  } catch {
    throw problem(text, 'the value is no YAML');
  }
  return { text, path, value, origin: `--set ${text}` };
}

/** The fields of a dotted key; null if it can be none. */
export function overridePath(key: string): string[] | null {
  const path = key.split('.');
  const isKey = KEY.test(key) && path.length <= 8 && !path.some((part) => FORBIDDEN.includes(part));
  return isKey ? path : null;
}

/** The document with the fields set. A flag is added to the command line, if that is what the file has. */
export function applyOverrides(yaml: LocatedYaml, overrides: readonly Override[]): LocatedYaml {
  if (overrides.length === 0) return yaml;
  if (overrides.length > MOST) throw problem(overrides[MOST].text, `is one of more than ${MOST}`);
  const value: unknown = structuredCloneOf(yaml.value);
  for (const override of overrides) {
    if (!isObject(value)) break;
    const { path } = override;
    if (path[0] === 'engine' && path.length === 2 && typeof value.command === 'string') {
      value.command = `${value.command.trimEnd()} ${flagOf(path[1], override.value)}`;
    } else set(value, override);
  }
  return { ...yaml, value };
}

/** Problems of what was set are told of the option, not of a place in the file that does not say it. */
export function relocate(problems: readonly Problem[], overrides: readonly Override[]): Problem[] {
  return problems.map((found) => {
    const own = found.field === undefined ? undefined : setBy(found.field, overrides);
    return own ? { ...found, file: own.origin, place: undefined } : found;
  });
}

/** What sets a field, or one above it, in place of the file. */
export function setBy(field: string, overrides: readonly Override[]): Override | undefined {
  return overrides.findLast(({ path }) => `${field}.`.startsWith(`${path.join('.')}.`));
}

function set(root: Record<string, unknown>, { origin, path, value }: Override): void {
  let node: Record<string, unknown> = root;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(node, key) ? node[key] : undefined;
    if (next !== undefined && !isObject(next)) {
      throw new InputError([{ file: origin, message: `${key} has no fields in this file` }]);
    }
    const inner = next ?? {};
    node[key] = inner;
    node = inner as Record<string, unknown>;
  }
  node[path[path.length - 1]] = value;
}

/** `--block-size 32`, in quotes that a shell would take off where there must be some. */
function flagOf(name: string, value: unknown): string {
  if (value === true) return `--${name}`;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return shellText([`--${name}`, text]);
}

function structuredCloneOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCloneOf);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structuredCloneOf(inner)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function problem(text: string, message: string): InputError {
  return new InputError([{ file: `--set ${text.slice(0, 80)}`, message }]);
}
