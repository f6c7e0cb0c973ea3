import { describe, expect, test } from 'vitest';
import { InputError } from '../../../../sim/error.ts';
import type { Deployment } from '../../../../sim/scenario/deployment/deployment.ts';
import { statedGpus } from '../../../../sim/scenario/deployment/gpu-count.ts';
import { formatOf, type ReadOptions, readDeployment } from '../../../../sim/scenario/deployment/read.ts';

const read = (text: string, file: string, options?: ReadOptions): Deployment =>
  readDeployment(text, file, options);
const command = (text: string, file: string, options?: ReadOptions) =>
  read(text, file, options).start.command;
function problemOf(text: string, file: string, options?: ReadOptions): string {
  try {
    read(text, file, options);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'no problem';
}

const COMPOSE = `x-gpu: &gpu
  deploy:
    resources:
      limits: {memory: 24g}
      reservations:
        devices: [{driver: nvidia, device_ids: ["0", "1"], capabilities: [gpu]}]
services:
  cache: {image: redis}
  llm:
    <<: *gpu
    image: vllm/vllm-openai:\${TAG:-v0.8.5}
    container_name: vllm-llm
    shm_size: 8g
    environment:
      - VLLM_LOGGING_LEVEL=DEBUG
      - HF_TOKEN=\${HF_TOKEN}
    command: ["--model", "\${MODEL:-org/model}", "--max-model-len", "8192"]
`;

describe('compose', () => {
  test('the service that serves: list, defaults, merge keys, GPUs, memory', () => {
    const llm = read(COMPOSE, 'docker-compose.yaml');
    expect(llm).toMatchObject({
      name: 'llm',
      start: { command: 'vllm serve --model org/model --max-model-len 8192' },
      env: { VLLM_LOGGING_LEVEL: 'DEBUG' },
      containerGib: 24,
      gpuCount: 2,
      image: 'vllm/vllm-openai:v0.8.5',
    });
    expect(llm.env).not.toHaveProperty('HF_TOKEN');
    expect(llm.notes).toEqual(['shm_size 8g: shared memory is not modelled']);
  });

  test('defaults of defaults', () => {
    const text = `services:
  a:
    image: vllm/vllm-openai
    command: --model \${A:-\${B:-m}} --max-num-seqs \${C:+9}8$$
`;
    expect(command(text, 'compose.yaml')).toBe("vllm serve --model m --max-num-seqs '8$'");
    expect(command(text, 'compose.yaml', { variables: { B: 'b', C: '1' } })).toMatch(/--model b .* '98\$'$/);
  });

  test('variables that are given go before defaults', () => {
    expect(command(COMPOSE, 'compose.yaml', { variables: { MODEL: 'other' } })).toContain('--model other');
  });

  test.each([
    ['entrypoint: python3 -m vllm.entrypoints.openai.api_server\n    command: --model m', '-m vllm.entry'],
    [
      'entrypoint: ["/bin/bash", "-c"]\n    command: ["echo hi && exec vllm serve m --port 1"]',
      'vllm serve m',
    ],
    ['command: sh -c "vllm serve $$NAME --port 80"\n    environment: {NAME: m}', 'vllm serve m --port 80'],
    ['command: >\n      --model m\n      --max-num-seqs 8', 'vllm serve --model m --max-num-seqs 8'],
    ['command:\n      - vllm\n      - serve\n      - m', 'vllm serve m'],
  ])('%j', (lines, expected) => {
    const text = `services:\n  a:\n    image: vllm/vllm-openai\n    ${lines}\n`;
    expect(command(text, 'compose.yaml')).toContain(expected);
  });

  test('an image of one’s own with flags is taken for vLLM’s, and says so', () => {
    const { start, notes } = read('services: {a: {image: mine, command: --model m}}', 'c.yml');
    expect(start.command).toBe('vllm serve --model m');
    expect(notes).toEqual(["the entry point of mine is taken for that of vLLM's images"]);
  });

  test('a variable without a value, in the command only, is told where it stands', () => {
    const text = 'services:\n  a:\n    image: vllm/vllm-openai:$TAG\n    command: --model $MODEL\n';
    expect(problemOf(text, 'c.yml')).toMatch(
      /^c\.yml:4:14: services\.a\.command: nothing here says what MODEL is/,
    );
  });

  test('several servers: the name says which', () => {
    const text = 'services: {a: {command: vllm serve x}, b: {command: vllm serve y}}';
    expect(problemOf(text, 'c.yml')).toContain('starts several servers: say which, as in c.yml#a (a, b)');
    expect(command(text, 'c.yml', { name: 'b' })).toBe('vllm serve y');
    expect(problemOf(text, 'c.yml', { name: 'z' })).toContain('called z; expected one of a, b');
  });

  test.each([
    ['services: {a: {image: redis}}', 'starts no vLLM server'],
    ['services: {a: {command: x}\n', 'c.yml:2:1: is no YAML'],
    ['services:\n  a: {command: vllm serve x}\n  a: {}\n', 'c.yml:3:3: the key stands here a second time'],
  ])('%j', (text, message) => {
    expect(problemOf(text, 'c.yml')).toContain(message);
  });
});

const MANIFEST = `apiVersion: v1
kind: Service
metadata: {name: llm}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: llm}
spec:
  template:
    spec:
      nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4}
      initContainers: [{name: download, command: [vllm, serve, not-this]}]
      containers:
        - name: sidecar
          image: envoy
        - name: server
          image: vllm/vllm-openai:v0.9.1
          args: ["--model", "$(MODEL)", "--max-model-len", "4096"]
          env:
            - {name: MODEL, value: org/model}
            - {name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: k}}}
          resources: {limits: {nvidia.com/gpu: "2", memory: 64Gi}}
`;

describe('Kubernetes', () => {
  test('the container among many objects', () => {
    expect(read(MANIFEST, 'k8s.yaml')).toMatchObject({
      name: 'Deployment/llm',
      start: { command: 'vllm serve --model org/model --max-model-len 4096' },
      env: { MODEL: 'org/model' },
      containerGib: 64,
      gpuCount: 2,
      gpuProduct: 'NVIDIA-L4',
    });
    for (const name of ['llm', 'server', 'llm/server', 'Deployment/llm']) {
      expect(read(MANIFEST, 'k8s.yaml', { name }).gpuCount).toBe(2);
    }
  });

  test.each(['Pod', 'Job', 'StatefulSet'])('a %s', (kind) => {
    const pod = '{containers: [{name: c, command: [sh, -c, "vllm serve m"]}]}';
    const spec = kind === 'Pod' ? pod : `{template: {spec: ${pod}}}`;
    const text = `{apiVersion: v1, kind: ${kind}, metadata: {name: x}, spec: ${spec}}`;
    expect(read(text, 'x.yaml')).toMatchObject({ name: `${kind}/x`, start: { command: 'vllm serve m' } });
  });

  test('a LeaderWorkerSet: the leader serves, with the GPUs of all', () => {
    const text = `apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: big}
spec:
  leaderWorkerTemplate:
    size: 2
    leaderTemplate:
      spec:
        containers:
          - name: leader
            image: vllm/vllm-openai
            command: [sh, -c, "ray start --head --port=6379; vllm serve m --tensor-parallel-size 8 --pipeline-parallel-size 2"]
            resources: {limits: {nvidia.com/gpu: 8}}
    workerTemplate:
      spec:
        containers: [{name: worker, image: vllm/vllm-openai, command: [sh, -c, "ray start --block"]}]
`;
    const { name, gpuCount, notes } = read(text, 'lws.yaml');
    expect({ name, gpuCount }).toEqual({ name: 'LeaderWorkerSet/big', gpuCount: 16 });
    expect(notes.join()).toMatch(/started through ray.*2 pods of 8 GPUs/);
  });

  test('a variable that only another command of the container needs; copies are named', () => {
    const script = 'start.sh --size=$(LWS_GROUP_SIZE); vllm serve m --max-model-len $(LENGTH)';
    const pod = `{containers: [{name: c, command: [sh, -c, "${script}"], env: [{name: LENGTH, value: "4096"}]}]}`;
    const text = `{apiVersion: v1, kind: Deployment, metadata: {name: x}, spec: {replicas: 3, template: {spec: ${pod}}}}`;
    expect(read(text, 'x.yaml')).toMatchObject({
      start: { command: 'vllm serve m --max-model-len 4096' },
      notes: ['replicas 3: the load is that of one, unless the scenario says replicas'],
    });
    expect(problemOf(text.replace('LENGTH, value', 'OTHER, value'), 'x.yaml')).toContain('what LENGTH is');
  });

  test('a List, and a Helm template that is not rendered', () => {
    const pod = 'spec: {containers: [{name: c, command: [vllm, serve, m]}]}';
    const text = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: p}, ${pod}}\n`;
    expect(read(text, 'list.yaml').name).toBe('Pod/p');
    expect(problemOf('a: 1\nargs: ["{{ .Values.model }}"]\n', 'd.yaml')).toMatch(
      /^d\.yaml:2:9: is a Helm template/,
    );
  });
});

describe('Dockerfiles', () => {
  test('ENTRYPOINT, CMD, ENV, stages, continued lines', () => {
    const text = `# syntax=docker/dockerfile:1
ARG TAG=v0.6.3
FROM vllm/vllm-openai:\${TAG} AS base
ENV MODEL=org/model VLLM_X="a b"
FROM ubuntu AS other
CMD ["bash"]
FROM base
CMD vllm serve $MODEL \\
  # a comment
  --max-model-len 4096
`;
    expect(read(text, 'Dockerfile')).toMatchObject({
      start: { command: 'vllm serve org/model --max-model-len 4096' },
      image: 'vllm/vllm-openai:v0.6.3',
    });
  });

  test('the entry point of the image takes a CMD of flags', () => {
    expect(command('FROM vllm/vllm-openai:latest\nCMD ["--model", "m"]\n', 'llm.Dockerfile')).toBe(
      'vllm serve --model m',
    );
  });

  test('a variable that comes from outside', () => {
    const text = 'FROM vllm/vllm-openai\nENTRYPOINT vllm serve $MODEL\n';
    expect(problemOf(text, 'Dockerfile')).toMatch(/^Dockerfile:2:1: nothing here says what MODEL is/);
  });
});

test('supervisor: programs, comments, lines that go on', () => {
  const text = `[program:nginx]
command=nginx
[program:vllm]
command=/opt/bin/python -m vllm.entrypoints.openai.api_server ; the server
  --model m --max-num-seqs 8
environment=VLLM_USE_V1="0",CUDA_VISIBLE_DEVICES="0,1"
`;
  const vllm = read(text, 'vllm.conf');
  expect(vllm).toMatchObject({ name: 'vllm', env: { VLLM_USE_V1: '0' } });
  expect(vllm.start.command).toMatch(/-m vllm\.entrypoints\.openai\.api_server --model m --max-num-seqs 8$/);
  expect(statedGpus(vllm)).toBe(2);
});

test('supervisor: variables that are open, in a script too', () => {
  const config = (command: string) => `[program:llm]\ncommand=${command}\n`;
  const inShell = config('bash -c "exec vllm serve m --max-model-len %(ENV_LEN)s --port %(ENV_PORT)s"');
  expect(problemOf(inShell, 'supervisord.conf')).toContain('nothing here says what LEN is');
  expect(command(inShell, 'supervisord.conf', { variables: { LEN: '4096' } })).toContain(
    '--max-model-len 4096',
  );
  expect(problemOf(config('vllm serve m -tp %(ENV_TP)s'), 'supervisord.conf')).toContain('what TP is');
  expect(command(config('vllm serve /%(program_name)s/%%m'), 'supervisord.conf')).toBe('vllm serve /llm/%m');
});

describe('Python', () => {
  test('keyword arguments of literals and of names that have one', () => {
    const text = `import os
from vllm import LLM
# LLM(model="in a comment")
MODEL: str = "org/model"
SIZE = int("16")
LENGTH = (2 + 6 * 3 - 4) // 3 * 1024 + 7 % 4
llm = LLM(
    MODEL,
    tensor_parallel_size=2, enforce_eager=True, enable_prefix_caching=False,
    limit_mm_per_prompt={"image": 4},
    max_model_len=8_192, quantization=None, max_num_batched_tokens=LENGTH, max_num_seqs=2**4,
    gpu_memory_utilization=float(os.environ["UTIL"]), block_size=SIZE,
    **extra,
)
`;
    const { start, notes } = read(text, 'serve.py');
    expect(start.command).toBe(
      `vllm serve org/model --tensor-parallel-size 2 --enforce-eager --enable-prefix-caching=false --limit-mm-per-prompt '{"image":4}' --max-model-len 8192 --max-num-batched-tokens 5123 --block-size 16`,
    );
    expect(notes.join('; ')).toContain(
      'no literals: max_num_seqs, gpu_memory_utilization; left out: arguments',
    );
  });

  test('environment variables with a default or a value, conversions, keyword arguments of a dict', () => {
    const text = `from os import environ, getenv
MODEL = os.environ.get("MODEL", "org/model")
LENGTH = int(os.getenv("LENGTH", "8192"))
more = dict(max_num_seqs=64, **others)
kwargs = {"enforce_eager": True, "block_size": int(environ["BLOCK"])}
extra = dict(
    max_num_batched_tokens=1024 * 4,
)
llm = LLM(model=MODEL, max_model_len=LENGTH, gpu_memory_utilization=float(getenv("UTIL", "0.8")), **extra, **kwargs)
`;
    expect(command(text, 'a.py')).toBe(
      'vllm serve org/model --max-model-len 8192 --gpu-memory-utilization 0.8 --max-num-batched-tokens 4096',
    );
    expect(command(text, 'a.py', { variables: { LENGTH: '4096', MODEL: 'm', BLOCK: '32' } })).toBe(
      'vllm serve m --max-model-len 4096 --gpu-memory-utilization 0.8 --max-num-batched-tokens 4096 --enforce-eager --block-size 32',
    );
  });

  test('a model that nobody knows is an error, and can be given', () => {
    const text = 'args = AsyncEngineArgs(model=MODEL_PATH, dtype="bfloat16")';
    expect(problemOf(text, 'a.py')).toMatch(/^a\.py:1:8: model: expected a literal.*--var model=NAME$/);
    expect(command('LLM(args.model)', 'a.py', { variables: { model: 'm' } })).toBe('vllm serve m');
    expect(command(text, 'a.py', { variables: { MODEL_PATH: 'm' } })).toBe('vllm serve m --dtype bfloat16');
  });

  test('several calls are told apart', () => {
    const text = 'a = LLM("x")\nb = LLM("y")\nc = EngineArgs(model="z")\n';
    expect(command(text, 'a.py', { name: 'LLM-2' })).toBe('vllm serve y');
    expect(problemOf(text, 'a.py')).toContain('(LLM, LLM-2, EngineArgs)');
  });
});

describe('shell scripts', () => {
  test('assignments, arrays, defaults, branches, redirections', () => {
    const text = `#!/bin/bash
set -euo pipefail
export MODEL="org/model"; LEN=8192
ARGS=(--max-model-len "$LEN" --enable-prefix-caching)
ARGS+=(--max-num-seqs 8)
if [ -z "$X" ]; then
  echo "vllm serve is next"
  CUDA_VISIBLE_DEVICES=0,1 exec vllm serve "$MODEL" "\${ARGS[@]}" --port \${PORT:-8000} "$@" > log.txt 2>&1 &
fi
`;
    const server = read(text, 'serve.sh');
    expect(server.start.command).toBe(
      'vllm serve org/model --max-model-len 8192 --enable-prefix-caching --max-num-seqs 8 --port 8000',
    );
    expect(statedGpus(server)).toBe(2);
  });

  test('positional parameters with a default, defaults of defaults, what is only there with another', () => {
    const text = `MODEL=\${1:-org/model}; TP="\${2-2}"; LEN=\${LEN:-\${DEFAULT:-8192}}
vllm serve "$MODEL" -tp $TP --max-model-len $LEN \${LEN:+--enforce-eager} \${X:+--enable-lora} "$@"
`;
    expect(command(text, 'a.sh')).toBe('vllm serve org/model -tp 2 --max-model-len 8192 --enforce-eager');
    expect(problemOf(`vllm serve \${MODEL:?which}`, 'a.sh')).toContain('nothing here says what MODEL is');
  });

  test('what has no value is an error where the server needs it, and never run', () => {
    expect(problemOf('vllm serve $MODEL', 'a.sh')).toMatch(/^a\.sh:1:12: nothing here says what MODEL is/);
    expect(problemOf('TP=$(nvidia-smi -L | wc -l)\nvllm serve m -tp "$TP"', 'a.sh')).toMatch(
      /^a\.sh:2:19: nothing here says what TP is/,
    );
    expect(
      command('TP=$(nvidia-smi -L)\nvllm serve m -tp $TP', 'a.sh', { variables: { TP: '2' } }),
    ).toContain('-tp 2');
    for (const text of ['vllm serve m -tp $(nvidia-smi -L | wc -l)', 'vllm serve m -tp `nproc`']) {
      expect(problemOf(text, 'a.sh')).toMatch(
        /^a\.sh:1:\d+: nothing is run here, so nobody knows what \$\(.*\) prints/,
      );
    }
    expect(command('X=$(touch /tmp/never)\nvllm serve m', 'a.sh')).toBe('vllm serve m');
  });

  test('nobody needs the port, nor what only docker is told', () => {
    expect(command('vllm serve m --port $PORT --api-key "$KEY" --max-num-seqs 8', 'a.sh')).toBe(
      `vllm serve m --port '$PORT' --api-key '***' --max-num-seqs 8`,
    );
    const docker =
      'docker run --gpus all -v $PWD:/data --env "HF_TOKEN=$HF_TOKEN" vllm/vllm-openai:$TAG --model m';
    expect(command(docker, 'a.sh')).toContain(`'HF_TOKEN=***' 'vllm/vllm-openai:$TAG' --model m`);
    expect(problemOf(docker.replace('--model m', '--model $M'), 'a.sh')).toContain('what M is');
  });

  test('docker run keeps what it says of memory and GPUs; secrets go', () => {
    const server = read(
      `docker run --gpus '"device=0,1,2"' -m 10g -e HF_TOKEN=hf_x vllm/vllm-openai --model m --api-key sk-x`,
      'a.sh',
    );
    expect(statedGpus(server)).toBe(3);
    expect(server.start.command).not.toMatch(/hf_x|sk-x/);
    expect(server.start.command).toContain('-m 10g');
  });
});

test.each([
  ['services: {a: 1}', 'x', 'compose'],
  ['{"apiVersion": "v1", "kind": "Pod"}', 'x', 'manifest'],
  ['model: m\ntensor-parallel-size: 2\n', 'x', 'config'],
  ['\ufeff# flags\n\n  \n--- # of the server\n "model" : m\n', 'x', 'config'],
  [`${'\n'.repeat(1000)}?`, 'x', 'shell'],
  [`${'ARG a\n# b\n'.repeat(1000)}FRO`, 'x', 'shell'],
  ['# b\nARG a\n\n  FROM vllm/vllm-openai\nCMD vllm serve m', 'x', 'dockerfile'],
  ['FROM vllm/vllm-openai\nCMD ["--model", "m"]', 'x', 'dockerfile'],
  ['[program:x]\ncommand=vllm serve m', 'x', 'supervisor'],
  ['vllm serve m --port 1', 'x', 'shell'],
  ['from vllm import LLM\nllm = LLM("m")', 'x', 'python'],
])('%j is told by what it says', (text, file, format) => {
  expect(formatOf(text, file)).toBe(format);
});
