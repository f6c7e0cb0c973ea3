import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InputError } from '../../../../sim/error.ts';
import { readDeployment } from '../../../../sim/scenario/deployment/read.ts';
import { scenarioText } from '../../../../sim/scenario/deployment/to-scenario.ts';
import { parseOverride } from '../../../../sim/scenario/overrides.ts';
import { parseScenario } from '../../../../sim/scenario/parse.ts';
import { shellText, shellWords } from '../../../../sim/scenario/shell-words.ts';

const COMPOSE = `services:
  llm:
    image: vllm/vllm-openai:v0.6.3
    command: --model THUDM/glm-4-9b-chat --max-model-len \${LEN:-4096}
    mem_limit: 6g
    environment: {PYTORCH_CUDA_ALLOC_CONF: "expandable_segments:True", SECRET: x}
    deploy: {resources: {reservations: {devices: [{count: 2, capabilities: [gpu]}]}}}
`;
const files: Record<string, string> = {
  'docker-compose.yaml': COMPOSE,
  'vllm.yaml': 'model: org/model\nmax_model_len: 4096\n',
  'bad.yaml': 'services:\n  llm: {image: redis}\n',
};
const parse = (lines: string, overrides: string[] = []) =>
  parseScenario(`version: 1\nhardware: {gpu: l4}\n${lines}`, 's.pool.yaml', {
    readFile: (path) => {
      if (Object.hasOwn(files, path)) return files[path];
      throw new Error('there is no such file');
    },
    overrides: overrides.map(parseOverride),
  });
function problemOf(lines: string, overrides: string[] = []): string {
  try {
    parse(lines, overrides);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'no problem';
}

test('a compose file that is named: command, memory, GPUs, environment', () => {
  const scenario = parse('compose: {file: docker-compose.yaml, service: llm, variables: {LEN: 2048}}');
  expect(scenario.command).toBe('vllm serve --model THUDM/glm-4-9b-chat --max-model-len 2048');
  expect(scenario.engine.honoured).toEqual({ max_model_len: 2048 });
  expect(scenario.hardware.count).toBe(2);
  expect(scenario.host.containerLimitGib).toBe(6);
  expect(scenario.env).toEqual({ PYTORCH_CUDA_ALLOC_CONF: 'expandable_segments:True' });
});

test('what the scenario says itself goes before it; --set adds flags', () => {
  const scenario = parse(
    'compose: {file: ./docker-compose.yaml}\nhost: {container-limit-gib: 10}\nenv: {PYTORCH_CUDA_ALLOC_CONF: "x:1"}',
    ['engine.max-model-len=1024', 'hardware.count=1'],
  );
  expect(scenario.engine.honoured).toEqual({ max_model_len: 1024 });
  expect(scenario.host.containerLimitGib).toBe(10);
  expect(scenario.hardware.count).toBe(1);
  expect(scenario.env).toEqual({ PYTORCH_CUDA_ALLOC_CONF: 'x:1' });
});

test('pasted, and files of other kinds', () => {
  const pasted = `compose: |\n${COMPOSE.replace(/^/gm, '  ')}`;
  expect(parse(pasted).engine.honoured).toEqual({ max_model_len: 4096 });
  expect(parse('command: {file: vllm.yaml}').engine.honoured).toEqual({ max_model_len: 4096 });
  expect(parse('command: {file: vllm.yaml}').model.name).toBe('org/model');
  expect(parse('command: LLM(model="m", block_size=32)').engine.honoured).toEqual({ block_size: 32 });
  const pod =
    '{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{args: [vllm, serve, m]}]}}';
  expect(parse(`manifest: '${pod}'`).model.name).toBe('m');
});

test.each([
  ['compose: {file: ../docker-compose.yaml}', 's.pool.yaml:3:17: compose.file: expected a path inside'],
  [
    'compose: {file: none.yaml}',
    's.pool.yaml:3:17: compose.file: none.yaml cannot be read: there is no such',
  ],
  ['compose: {file: bad.yaml}', 'bad.yaml: starts no vLLM server'],
  ['compose: {file: docker-compose.yaml, service: x}', 'called x; expected one of llm'],
  ['compose: {files: x}', 's.pool.yaml:3:11: compose.files: unknown key (did you mean file?)'],
  ['compose: 5', 's.pool.yaml:3:10: compose: expected the text of it, or {file, service, variables}, got 5'],
  ['compose: "a: 1"', 's.pool.yaml:3:10: compose: starts no vLLM server'],
  [
    'compose: |\n  services:\n    a: {command: vllm serve $M}',
    'compose: services.a.command: nothing here says',
  ],
  ['compose: x\nengine: {}', 's.pool.yaml:4:1: engine: expected exactly one of command, engine, compose and'],
  ['command: python train.py', 's.pool.yaml:3:10: command: expected a command that starts a vLLM server'],
  ['command: {file: vllm.yaml}\nallow-unmodeled: true', 'did you mean allow-unmodelled?'],
])('%j', (lines, message) => {
  expect(problemOf(lines)).toContain(message);
});

test('words survive the way into a command line and back', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(shellWords(shellText(words))).toEqual(words);
    }),
  );
});

test('a scenario that import writes is one that parses, with the same command', () => {
  const word = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('--max-model-len', '8192', '#', '"', "'", '\n'),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), fc.string(), (words, name) => {
      const command = shellText(['vllm', 'serve', 'm', ...words.filter((each) => !each.startsWith('-'))]);
      const deployment = {
        ...readDeployment('vllm serve m', 'x.sh'),
        name,
        start: { command },
        notes: [name],
      };
      const { text } = scenarioText(deployment, { file: name });
      expect(parseScenario(text, 'x').command).toBe(command);
    }),
  );
});

const SCRAPS = [
  'services:',
  '{',
  '[',
  '&a',
  '*a',
  '<<: *a',
  '__proto__: {}',
  '${X',
  '$(',
  '\\',
  '"""',
  '\0',
  'FROM x',
];
test('any text is read, or refused with a message, and nothing hangs', () => {
  const sources = [
    COMPOSE,
    'from vllm import LLM\nX = {"a": [1, (2,), -3]}\nllm = LLM(model="m", a=X, b=f"{c}", **d)\n',
    'FROM vllm/vllm-openai\nENV A=b\nCMD ["--model", "m"]\n',
    '[program:a]\ncommand=vllm serve m\n  --port 1\nenvironment=A="b"\n',
    `A=(--x "$Y")\nexport B=c; vllm serve m "\${A[@]}" > log &\n`,
    '{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{args: [vllm, serve, m]}]}}\n',
  ];
  const file = fc.constantFrom('c.yaml', 'a.py', 'Dockerfile', 'a.conf', 'a.sh', 'stdin');
  const edit = fc.record({ at: fc.nat(400), drop: fc.nat(20), put: fc.constantFrom('', ...SCRAPS) });
  fc.assert(
    fc.property(
      fc.constantFrom(...sources),
      file,
      fc.array(edit, { maxLength: 4 }),
      (source, name, edits) => {
        const text = edits.reduce((all, { at, drop, put }) => {
          const from = at % (all.length + 1);
          return all.slice(0, from) + put + all.slice(from + drop);
        }, source);
        try {
          parseScenario(scenarioText(readDeployment(text, name), { file: name }).text, 'x');
        } catch (error) {
          if (!(error instanceof InputError))
            throw new Error(`${name}: ${JSON.stringify(text)}`, { cause: error });
        }
      },
    ),
    { numRuns: Number(process.env.POOLSCOPE_FUZZ ?? 1500) },
  );
});
