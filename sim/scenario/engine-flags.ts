import { FlagCollector, type ParsedCommand, parseCommand } from './command.ts';
import { findFlag, nearestFlag, type VllmVersion } from './flags.ts';
import type { Report } from './located-yaml.ts';
import { eplbFlags } from './moe.ts';
import type { Override } from './overrides.ts';
import type { ScenarioFile } from './schema.ts';
import type { EngineFlags } from './stated-flags.ts';

const VLLM_VERSIONS: readonly VllmVersion[] = ['2026-05', '0.6.3'];
const NEWEST: VllmVersion = '2026-05';

/** The version whose rules are followed; another than was written is noted, or reported unless `allow`. */
export function versionOf(
  written: string | undefined,
  allow: boolean,
  notes: string[],
  report: Report,
): VllmVersion {
  if (written === undefined || written === 'v1') return NEWEST;
  const known = VLLM_VERSIONS.find((version) => version === written);
  if (known) return known;
  if (!allow) {
    report(
      ['vllm'],
      `vLLM ${written} is not modelled; expected ${VLLM_VERSIONS.map((x) => `"${x}"`).join(', ')} or v1`,
    );
    return NEWEST;
  }
  const taken: VllmVersion = /^0\.[0-7](\.|$)/.test(written) ? '0.6.3' : NEWEST;
  notes.push(`vLLM ${written} is not modelled: the rules of ${taken} are used`);
  return taken;
}

/** What `command:` or `engine:` tells the engine; problems are reported. */
export function engineOf(checked: ScenarioFile, vllm: VllmVersion, report: Report): ParsedCommand {
  const surroundings = { env: {}, containerGib: null };
  const nothing = { model: null, flags: new FlagCollector(vllm).finish(), ...surroundings };
  if ((checked.command === undefined) === (checked.engine === undefined)) {
    report(
      checked.command === undefined ? [] : ['engine'],
      'expected one of command, engine, compose and manifest',
    );
    return nothing;
  }
  if (checked.command !== undefined) {
    const parsed = parseCommand(checked.command, vllm);
    if (parsed === null) {
      report(
        ['command'],
        'expected a command that starts a vLLM server, like "vllm serve MODEL --max-model-len 8192"',
      );
      return nothing;
    }
    return parsed;
  }
  const flags = new FlagCollector(vllm);
  let model: string | null = null;
  for (const [key, value] of Object.entries(checked.engine ?? {})) {
    const name = key.replaceAll('_', '-');
    if (findFlag(name, vllm) === null) {
      const near = nearestFlag(name, vllm);
      report(['engine', key], `vLLM ${vllm} has no such flag`, near, true);
    } else if (name === 'model') {
      if (typeof value === 'string' && value !== '') model = value;
      else report(['engine', key], "expected a model's name");
    } else {
      flags.add(name, value);
    }
  }
  return { model, flags: flags.finish(), ...surroundings };
}

/** `moe.eplb` is short for vLLM's flags. */
export function withEplb(
  flags: EngineFlags,
  { moe }: ScenarioFile,
  vllm: VllmVersion,
  report: Report,
): EngineFlags {
  const short = eplbFlags(moe ?? {});
  const path = ['moe', 'eplb'];
  if (short.length === 0) return flags;
  if (vllm === '0.6.3') report(path, 'vLLM 0.6.3 has no load balancer for experts');
  if (Object.keys(flags.honoured).some((name) => name === 'enable_eplb' || name === 'eplb_config')) {
    report(path, 'says the same as --enable-eplb and --eplb-config: leave one of them out');
  }
  if (moe?.['expert-cache'] !== undefined) report(['moe', 'expert-cache'], 'goes without eplb');
  return { ...flags, honoured: { ...flags.honoured, ...Object.fromEntries(short) } };
}

/** In a command line an unknown flag is vLLM's to refuse; one that is set here is a slip of who sets it. */
export function reportUnknownFlags(
  checked: ScenarioFile,
  overrides: readonly Override[],
  vllm: VllmVersion,
  report: Report,
): void {
  if (checked.command === undefined) return;
  for (const { path } of overrides) {
    if (path[0] !== 'engine' || path.length !== 2 || findFlag(path[1], vllm) !== null) continue;
    report(path, `vLLM ${vllm} has no such flag`, nearestFlag(path[1], vllm), true);
  }
}
