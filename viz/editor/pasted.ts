const ASSUMED_GPU = 'a100-80g-sxm';

/** What is pasted is a scenario file, or a command line that becomes one. */
export function scenarioTextOf(pasted: string): string {
  const command = commandIn(pasted);
  return command === null ? pasted : fromCommand(command);
}

/** The machine that a command line does not name: what the form's fields have until others are chosen. */
export function assumedMachine(pasted: string): Readonly<Record<string, string>> {
  const command = commandIn(pasted);
  if (command === null || command === '') return {};
  return { 'hardware.gpu': ASSUMED_GPU, 'hardware.count': String(gpusOf(command)) };
}

/** Null: it is a scenario. */
function commandIn(pasted: string): string | null {
  const text = pasted.trim().replace(/^\$ /, '');
  return isScenario(text) ? null : text;
}

/** A scenario begins with a key, a comment, a document mark or a brace. */
function isScenario(text: string): boolean {
  return /^(#|---|%|\{|[\w-]+\s*:(\s|$))/.test(text);
}

/** A command on GPUs of a kind that the form can change, with a load to look at. */
function fromCommand(command: string): string {
  const lines = command.split(/\r?\n/).map((line) => `  ${line.trim()}`);
  return `version: 1
name: pasted command
command: |-
${lines.join('\n')}
hardware: { gpu: ${ASSUMED_GPU}, count: ${gpusOf(command)} }
workload:
  num-prompts: 200
  request-rate: 4
  input-len: { lognormal: { median: 512, sigma: 0.8, max: 4096 } }
  output-len: { lognormal: { median: 128, sigma: 0.8, max: 1024 } }
allow-unmodelled: true
`;
}

/** As many GPUs as the parallel sizes in the line need. */
function gpusOf(command: string): number {
  const size = (names: string) => {
    const match = new RegExp(`(?:^|\\s)(?:${names})[=\\s]+(\\d{1,4})(?=\\s|$)`).exec(command);
    return Math.max(1, Number(match?.[1] ?? 1));
  };
  const needed =
    size('--tensor-parallel-size|-tp') *
    size('--pipeline-parallel-size|-pp') *
    size('--data-parallel-size|-dp');
  return Math.min(1024, needed);
}
