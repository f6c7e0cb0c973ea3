import type { Command } from 'commander';
import { recordOption, variableOption, wholeNumber } from '../arguments.ts';
import { type ImportOptions, importDeployment } from '../import.ts';
import { importKvEvents } from '../import-kv-events.ts';

/** Adds `poolscope import`. */
export function addImport(program: Command): void {
  program
    .command('import')
    .description('a scenario from how vLLM is deployed; with --record, a recording from its KV cache events')
    .argument(
      '<SOURCE>',
      "compose file, Kubernetes manifest, Dockerfile, supervisor conf, script, Python file or --config file, each with #NAME if it starts several servers; a 'vllm serve …' line in quotes; - for stdin",
    )
    .option('-o, --output <FILE>', 'write the scenario to FILE instead of stdout')
    .option('--link', 'refer to the file instead of copying its command, so that the scenario follows it')
    .option('--gpu <ID>', 'which GPU, if the file does not say it')
    .option('--gpu-count <N>', 'how many of them', wholeNumber(1))
    .option('--vllm <VERSION>', 'rules of 0.6.3 or 2026-05 (default: what the image’s tag says)')
    .addOption(variableOption())
    .addOption(
      recordOption('SOURCE is a dump of KV cache events (JSONL): write its recording (*.poolrec)').conflicts([
        'output',
        'link',
      ]),
    )
    .action((source: string, options: ImportOptions & { record?: string }) => {
      process.exitCode =
        options.record === undefined
          ? importDeployment(source, options)
          : importKvEvents(source, { record: options.record });
    });
}
