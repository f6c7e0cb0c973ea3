import * as v from 'valibot';
import { text } from '../schema-parts.ts';

const variables = v.record(
  v.string(),
  v.pipe(v.union([v.string(), v.number(), v.boolean()], 'a text'), v.transform(String)),
  'an object of values for variables',
);
const FORM = 'the text of it, or {file, NAME, variables}';

/** A file that starts a server, or its text. */
const reference = <Key extends string>(name: Key) =>
  v.union(
    [
      text,
      v.strictObject({ file: text, [name]: v.optional(text), variables: v.optional(variables) } as {
        file: typeof text;
        variables: v.OptionalSchema<typeof variables, undefined>;
      } & Record<Key, v.OptionalSchema<typeof text, undefined>>),
    ],
    FORM.replace('NAME', name),
  );

export const composeSchema = reference('service');
export const manifestSchema = reference('name');
export const commandSchema = reference('name');
