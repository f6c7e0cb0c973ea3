import type { Command } from 'commander';
import { scenarioJsonSchema } from '../../sim/scenario/json-schema.ts';

/** Adds `poolscope schema`. */
export function addSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of scenario files, for editors')
    .action(() => console.log(JSON.stringify(scenarioJsonSchema(), null, 2)));
}
