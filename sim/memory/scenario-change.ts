import type { ModelConfig } from '../catalog/model-config.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { FlagValue } from '../scenario/stated-flags.ts';
import { gpusNeeded, modelConfigOf } from './resolve.ts';

/** What could be different in a scenario. */
export interface ScenarioChange {
  /** By vLLM's snake_case names; null = leave the flag out. */
  readonly flags?: Readonly<Record<string, FlagValue>>;
  /** No other process holds memory of the GPUs. */
  readonly alone?: boolean;
  /** quantization_config of another checkpoint of the model. */
  readonly quantization?: ModelConfig;
}

/** The scenario with that change, on as many GPUs as it then needs. */
export function changed(scenario: Scenario, { flags = {}, alone, quantization }: ScenarioChange): Scenario {
  const honoured: Record<string, FlagValue> = {};
  for (const [name, value] of Object.entries({ ...scenario.engine.honoured, ...flags })) {
    if (value !== null) honoured[name] = value;
  }
  const config =
    quantization === undefined
      ? scenario.model.config
      : { ...modelConfigOf(scenario), quantization_config: quantization };
  const next: Scenario = {
    ...scenario,
    engine: { ...scenario.engine, honoured },
    model: { ...scenario.model, config },
  };
  const { hardware } = scenario;
  const count = Math.max(hardware.count, gpusNeeded(next));
  const others = alone ? [] : widened(hardware.otherGib, count);
  return { ...next, hardware: { ...hardware, count, otherGib: others } };
}

/** More GPUs are no emptier than the fullest of those that are there. */
function widened(otherGib: readonly number[], count: number): readonly number[] {
  const most = Math.max(0, ...otherGib);
  return Array.from({ length: Math.max(count, otherGib.length) }, (_, gpu) => otherGib[gpu] ?? most);
}
