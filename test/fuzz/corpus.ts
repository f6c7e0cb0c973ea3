import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the mutations begin with: every scenario and deployment that is shipped, and one of each other format. */

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

export const SCENARIOS: readonly string[] = readdirSync(join(ROOT, 'scenarios'), { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.pool.yaml'))
  .sort()
  .map((name) => read(`scenarios/${name}`));

export const COMMANDS: readonly string[] = [
  ...new Set(SCENARIOS.flatMap((text) => /^command: (vllm serve \S.*)$/m.exec(text)?.[1] ?? [])),
  'python -m vllm.entrypoints.openai.api_server --model meta-llama/Llama-3.1-8B --tensor-parallel-size 2',
  'vllm serve Qwen/Qwen3-8B --max-model-len auto -cc.mode=3 --hf-overrides.a.b+ 1,2 --kv-cache-memory-bytes 2.5g | tee log',
  'docker run --gpus all -e A=b vllm/vllm-openai:latest --model Qwen/Qwen3-8B --max-model-len 4096',
];

export interface DeploymentFile {
  readonly name: string;
  readonly text: string;
}

const GUIDES = 'scenarios/guides/files';
export const DEPLOYMENTS: readonly DeploymentFile[] = [
  ...readdirSync(join(ROOT, GUIDES))
    .sort()
    .map((name) => ({ name, text: read(`${GUIDES}/${name}`) })),
  {
    name: 'docker-compose.yaml',
    text: `x-gpu: &gpu
  deploy:
    resources:
      limits: {memory: 24g}
      reservations: {devices: [{driver: nvidia, device_ids: ["0", "1"], capabilities: [gpu]}]}
services:
  cache: {image: redis}
  llm:
    <<: *gpu
    image: vllm/vllm-openai:\${TAG:-v0.8.5}
    environment: [VLLM_LOGGING_LEVEL=DEBUG]
    command: ["--model", "\${MODEL:-\${OTHER:-Qwen/Qwen3-8B}}", "--max-model-len", "8192"]
`,
  },
  {
    name: 'k8s.yaml',
    text: `apiVersion: apps/v1
kind: Deployment
metadata: {name: llm}
spec:
  template:
    spec:
      nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4}
      containers:
        - name: server
          image: vllm/vllm-openai:v0.9.1
          args: ["--model", "$(MODEL)", "--max-model-len", "4096"]
          env: [{name: MODEL, value: Qwen/Qwen3-8B}]
          resources: {limits: {nvidia.com/gpu: "2", memory: 64Gi}}
---
apiVersion: v1
kind: Service
metadata: {name: llm}
`,
  },
  {
    name: 'Dockerfile',
    text: `ARG MODEL=Qwen/Qwen3-8B
FROM vllm/vllm-openai:latest
ENV VLLM_USE_V1=1 NAME=\${MODEL}
ENTRYPOINT ["python3", "-m", "vllm.entrypoints.openai.api_server"]
CMD ["--model", "Qwen/Qwen3-8B", \\
     "--max-model-len", "4096"]
`,
  },
  {
    name: 'serve.py',
    text: `from vllm import LLM, EngineArgs
import os
NAME = "Qwen/Qwen3-8B"
options = {"block_size": 16, "seed": None}
more = dict(max_model_len=int(os.environ.get("LEN", "4096")), **options)
llm = LLM(model=os.getenv("MODEL", NAME), gpu_memory_utilization=0.9, **more)
args = EngineArgs(model=f"Qwen/{NAME}", max_num_seqs=2 * 8, enforce_eager=True)
`,
  },
  {
    name: 'serve.sh',
    text: `MODEL=\${1:-Qwen/Qwen3-8B}; LEN=\${LEN:-\${DEFAULT:-4096}}
nohup vllm serve "$MODEL" --max-model-len $LEN \${EAGER:+--enforce-eager} "$@" > log 2>&1 &
`,
  },
  {
    name: 'supervisord.conf',
    text: `[program:llm]
command=bash -c "exec vllm serve Qwen/Qwen3-8B --port %(ENV_PORT)s --max-model-len 40%%"
`,
  },
  { name: 'config.yaml', text: 'model: Qwen/Qwen3-8B\nmax-model-len: 4096\ntensor_parallel_size: 2\n' },
];

/** Command lines of Poolscope, run in a folder with the files of `FILES`. */
export const ARGUMENTS: readonly (readonly string[])[] = [
  ['run', 'a.pool.yaml', '--seed', '4', '--json'],
  ['run', 'a.pool.yaml', 'fails.pool.yaml', '--reporter', 'junit', '--set', 'workload.num-prompts=5'],
  ['run', '.', '--reporter', 'github', '--limit', '5'],
  ['run', 'a.pool.yaml', '--trace', 't.csv', '--format', 'vidur', '--time-scale', '2'],
  ['run', 'vllm serve Qwen/Qwen3-8B --max-model-len 4096', '--gpu', 'l4', '--set', 'workload.num-prompts=4'],
  ['run', 'a.pool.yaml', '--step-time', 'fixed:20ms', '--baseline', 'HEAD'],
  ['check', 'a.pool.yaml', 'fails.pool.yaml'],
  ['plan', 'a.pool.yaml', '--gpu', 'h100', '--gpu-count', '2', '--json'],
  ['plan', 'vllm serve Qwen/Qwen3-8B', '--vllm', '0.6.3'],
  ['plan', 'cd /srv && nohup vllm serve Qwen/Qwen3-8B > log &'],
  ['explain', 'a.pool.yaml', '--step', '5', '--request', 'r1', '--block', '3'],
  ['diff', 'a.pool.yaml', 'fails.pool.yaml', '--json'],
  ['export', 'a.pool.yaml', '--format', 'csv', '--every', '100ms'],
  ['import', 'docker-compose.yaml', '--gpu', 'l4', '--var', 'MODEL=x/y'],
  ['import', 'vllm serve Qwen/Qwen3-8B', '--gpu-count', '1'],
  ['trace', 'stats', 't.csv', '--format', 'vidur'],
  ['trace', 'convert', 't.csv', '--to', 'mooncake'],
  ['trace', 'generate', 'a.pool.yaml', '--to', 'mooncake'],
  ['calibrate', 't.csv', '--gpu', 'l4'],
  ['schema'],
  ['completions', 'bash'],
];

const [HELLO] = SCENARIOS.filter((text) => /^name: hello$/m.test(text));
const SMALL = HELLO.replace(/num-prompts: \d+/, 'num-prompts: 6');
export const FILES: Readonly<Record<string, string>> = {
  'a.pool.yaml': SMALL,
  'fails.pool.yaml': `${SMALL}  vllm:e2e_request_latency_seconds: max < 1ns\n`,
  't.csv': 'arrived_at,num_prefill_tokens,num_decode_tokens\n0,300,100\n0.5,300,100\n1,30,10\n',
  'docker-compose.yaml': DEPLOYMENTS.find(({ name }) => name === 'docker-compose.yaml')?.text ?? '',
};
