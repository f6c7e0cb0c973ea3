import { stringify } from 'yaml';
import { gpuNamed } from '../../catalog/gpu-names.ts';
import { parseCommand } from '../command.ts';
import type { VllmVersion } from '../flags.ts';
import { shellText, shellWords } from '../shell-words.ts';
import type { Deployment } from './deployment.ts';
import { neededGpus, statedGpus } from './gpu-count.ts';
import { relevantEnvironment } from './secrets.ts';

/** What a scenario needs and no deployment says. */
export interface Surroundings {
  /** The file that the deployment comes from, as a reader knows it. */
  readonly file: string;
  readonly gpu?: string;
  readonly gpuCount?: number;
  readonly vllm?: string;
  /** Refer to the deployment instead of copying its command: the value of `compose:`, `manifest:` or `command:`. */
  readonly link?: { readonly key: string; readonly value: Readonly<Record<string, unknown>> };
}

/** A scenario file, and what had to be assumed for it. */
export interface ScenarioText {
  readonly text: string;
  /** One sentence each; they are comments of the file, too. */
  readonly remarks: readonly string[];
}

const DEFAULT_GPU = 'a100-80g-sxm';
const WIDTH = 100;
const WORKLOAD = `# Your load: see docs/scenarios.md; a trace goes here too.
workload:
  num-prompts: 200
  request-rate: 4
  input-len: { lognormal: { median: 512, sigma: 0.8, max: 4096 } }
  output-len: { lognormal: { median: 128, sigma: 0.8, max: 1024 } }

expect:
  starts: true
`;

/** Writes the scenario of a deployment; the load is an example. */
export function scenarioText(deployment: Deployment, surroundings: Surroundings): ScenarioText {
  const { name, start, containerGib, gpuProduct, image, notes } = deployment;
  const remarks = [...notes];
  const [vllm, ofVersion] = rulesOf(image, surroundings.vllm);
  if (ofVersion !== null) remarks.push(ofVersion);
  const version: VllmVersion = vllm === '0.6.3' ? '0.6.3' : '2026-05';
  const command = start.command ?? commandOfFlags(start.engine);
  const product = gpuProduct === null ? null : gpuNamed(gpuProduct);
  const gpu = surroundings.gpu ?? product ?? DEFAULT_GPU;
  if (surroundings.gpu === undefined && product === null) {
    remarks.push(
      gpuProduct === null
        ? `the file does not say which GPU: ${DEFAULT_GPU} is assumed (--gpu says another)`
        : `which GPU ${gpuProduct} has is not known: ${DEFAULT_GPU} is assumed (--gpu says another)`,
    );
  }
  const stated = surroundings.gpuCount ?? statedGpus(deployment);
  const count = stated ?? neededGpus(command, version);
  if (stated === null) remarks.push(`the file does not say how many GPUs: as many as TP × PP × DP needs`);
  const unmodelled = parseCommand(command, version)?.flags.unmodelled ?? [];
  if (unmodelled.length > 0) {
    remarks.push(`not modelled, left out: ${unmodelled.map((flag) => `--${flag}`).join(', ')}`);
  }
  const env = relevantEnvironment(deployment.env);
  const { link } = surroundings;
  const sections = [
    `# From ${comment(surroundings.file)}${name === '' ? '' : ` (${comment(name)})`}, by \`poolscope import\`.\n`,
    ...remarks.map((remark) => `# - ${comment(remark)}\n`),
    yamlOf({ version: 1, name: name === '' ? undefined : name }),
    `vllm: ${JSON.stringify(vllm)}\n`,
    link === undefined
      ? start.command === undefined
        ? yamlOf({ engine: start.engine })
        : commandYaml(start.command)
      : yamlOf({ [link.key]: link.value }),
    link === undefined && Object.keys(env).length > 0 ? yamlOf({ env }) : '',
    `hardware: { gpu: ${yamlOf(gpu).trim()}, count: ${count} }\n`,
    link === undefined && containerGib !== null
      ? `host: { container-limit-gib: ${Number(containerGib.toFixed(3))} }\n`
      : '',
    unmodelled.length > 0 ? 'allow-unmodelled: true\n' : '',
    '\n',
    WORKLOAD,
  ];
  return { text: sections.join(''), remarks };
}

/** The rules that are given, or that an image's tag asks for, and what to say of it. */
export function rulesOf(
  image: string | null,
  given: string | undefined,
): [vllm: string, remark: string | null] {
  if (given !== undefined) return [given, null];
  const tag = /:v?(\d+\.\d+(?:\.\d+)?)/.exec(image ?? '')?.[1];
  if (tag === undefined) return ['2026-05', null];
  if (tag.startsWith('0.6.3')) return ['0.6.3', null];
  return ['2026-05', `the image is vLLM ${tag}; the rules are those of 2026-05 (0.6.3 is the other choice)`];
}

/** Flags of `vllm serve --config` as a command line. */
function commandOfFlags(engine: Readonly<Record<string, unknown>> = {}): string {
  const words = Object.entries(engine).flatMap(([key, value]) => {
    const flag = `--${key.replaceAll('_', '-')}`;
    return value === true
      ? [flag]
      : [flag, typeof value === 'object' ? JSON.stringify(value) : String(value)];
  });
  return shellText(['vllm', 'serve', ...words]);
}

/** Folded between its words, where a line end is a blank. */
function commandYaml(command: string): string {
  if (/[^ -~\u00a0-\ud7ff\ue000-\ufefe]/.test(command)) return yamlOf({ command });
  const lines: string[] = [];
  for (const word of shellWords(command).map((each) => shellText([each]))) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return `command: >-\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function yamlOf(value: unknown): string {
  return stringify(value, { lineWidth: WIDTH, aliasDuplicateObjects: false });
}

/** On one line, whatever a name has in it. */
function comment(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}
