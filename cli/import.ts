import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { InputError } from '../sim/error.ts';
import type { Variables } from '../sim/scenario/deployment/deployment.ts';
import { formatOf, readDeployment } from '../sim/scenario/deployment/read.ts';
import { type ScenarioText, scenarioText } from '../sim/scenario/deployment/to-scenario.ts';
import { parseScenario, withoutPlaces } from '../sim/scenario/parse.ts';
import { ExitCode } from './exit-code.ts';
import { readerBeside, readText, shownPath, writing } from './files.ts';
import { remark, say } from './tell.ts';

export interface ImportOptions {
  readonly output?: string;
  readonly gpu?: string;
  readonly gpuCount?: number;
  readonly vllm?: string;
  readonly var?: Variables;
  /** Refer to the file instead of copying from it. */
  readonly link?: boolean;
}

/** `poolscope import`: a scenario from how vLLM is deployed. Returns the exit code. */
export function importDeployment(source: string, options: ImportOptions): number {
  const { text, remarks } = scenarioOfSource(source, options);
  // What is written is a scenario, or nothing is written.
  const { output } = options;
  withoutPlaces(() =>
    parseScenario(text, shownPath(source), { readFile: readerBeside(output ?? './scenario') }),
  );
  if (output === undefined) process.stdout.write(text);
  // A file that is there stays as it is.
  else writing(output, () => writeFileSync(output, text, { flag: 'wx' }));
  for (const text of remarks) remark(`note: ${text}`);
  if (output !== undefined) say(`${output}: written. Next: poolscope run ${output}`);
  return ExitCode.Ok;
}

/** The scenario of a deployment: `-` for stdin, a command line, or a file with `#NAME` of one of its servers. */
export function scenarioOfSource(source: string, options: ImportOptions): ScenarioText {
  const { gpu, gpuCount, vllm, link, output } = options;
  const isText = source === '-' || /\s/.test(source.trim());
  const [path, name] = isText ? [source, null] : splitAtHash(source);
  const text = source === '-' ? readFileSync(0, 'utf8') : isText ? source : readText(path);
  const file = source === '-' ? 'stdin' : isText ? 'command line' : shownPath(path);
  if (/\.jsonl(\.gz)?$/.test(path)) {
    throw new InputError([{ file, message: 'a dump of KV events goes with --record OUT' }]);
  }
  const deployment = readDeployment(text, file, {
    name,
    variables: options.var,
    ...(isText && source !== '-' && { format: 'shell' as const }),
  });
  return scenarioText(deployment, {
    file,
    gpu,
    gpuCount,
    vllm,
    ...(link && { link: linkTo(path, isText, name ?? deployment.name, text, output, options.var) }),
  });
}

function linkTo(
  path: string,
  isText: boolean,
  name: string,
  text: string,
  output: string | undefined,
  variables: Variables | undefined,
) {
  const problem = (message: string) => new InputError([{ file: '--link', message }]);
  if (isText || output === undefined) throw problem('goes with a file, and with --output');
  const file = relative(dirname(resolve(output)), resolve(path))
    .split(sep)
    .join('/');
  if (file.startsWith('../')) {
    throw problem(`expected ${path} in the folder of ${output} or below: scenarios read nothing else`);
  }
  const format = formatOf(text, path);
  const key = format === 'compose' || format === 'manifest' ? format : 'command';
  const which = name === '' ? {} : { [key === 'compose' ? 'service' : 'name']: name };
  return { key, value: { file, ...which, ...(variables && { variables }) } };
}

function splitAtHash(source: string): [path: string, name: string | null] {
  const at = source.lastIndexOf('#');
  return at < 0 ? [source, null] : [source.slice(0, at), source.slice(at + 1)];
}
