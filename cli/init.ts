import { writeFileSync } from 'node:fs';
import { ExitCode } from './exit-code.ts';
import { writing } from './files.ts';

const FIRST = `# What vLLM's pool does with this command, hardware and load. See https://docs.vllm.ai for its flags.
#   poolscope run first.pool.yaml
# Editors complete it with:  poolscope schema > pool.schema.json
# yaml-language-server: $schema=./pool.schema.json
version: 1
name: first

# Paste your own line here.
command: vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 8192 --gpu-memory-utilization 0.9

hardware: { gpu: l4, count: 1 }

workload:
  num-prompts: 200
  request-rate: 1
  input-len: { lognormal: { median: 512, sigma: 0.8, max: 4096 } }
  output-len: { lognormal: { median: 128, sigma: 0.8, max: 1024 } }

expect:
  starts: true
  vllm:num_preemptions_total: value == 0
  vllm:kv_cache_usage_perc: { check: max < 95%, severity: warning }
  vllm:time_to_first_token_seconds: p(99) < 2s
`;

/** `poolscope init`: a first scenario. A file that is there stays as it is. Returns the exit code. */
export function init(file: string): number {
  const text = FIRST.replace('run first.pool.yaml', () => `run ${file}`);
  writing(file, () => writeFileSync(file, text, { flag: 'wx' }));
  console.log(`${file}: written. Next: poolscope run ${file}`);
  return ExitCode.Ok;
}
