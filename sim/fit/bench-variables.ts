import type { Gpu } from '../catalog/gpus.ts';
import type { LinkTiming } from '../catalog/links.ts';
import { boundsOf, type ConstantGroup, WHOLE_STEP } from '../catalog/timing-bounds.ts';
import { exp, ln } from '../math/portable.ts';
import type { Calibration } from '../scenario/calibration.ts';
import type { HostOverhead } from '../time/host.ts';
import { type Constants, rounded } from './fit-constants.ts';

/*
 * A serving run cannot tell a dozen constants apart. So few variables are fitted, each drawn to where it was: how much
 * of the peak matrix products reach, how much of the memory bandwidth, what the CPU takes, and the link.
 */

/** What is searched for, in units of how far off the catalogue commonly is; 0 = as it was. */
interface Variable {
  readonly name: 'compute' | 'memory' | 'link' | 'perStep' | 'perSequence';
  readonly what: string;
  /** A factor is exp(x · spread), a time what it was plus x · spread, seconds. */
  readonly spread: number;
  readonly bounds: readonly [least: number, most: number];
}

/** What a calibration starts from. */
export interface Machine {
  readonly gpu: Gpu;
  readonly link: LinkTiming;
  readonly overhead: HostOverhead;
  /** Whether steps exchange anything between GPUs. */
  readonly isParallel: boolean;
}

const PEAK_SPREAD = 0.15;
const LINK_SPREAD = 0.4;
const STEP_SPREAD = 500e-6;
const SEQUENCE_SPREAD = 10e-6;
const MOST_SPREADS = 20;

/** What may be searched for on this machine: the link only where steps cross it. */
export function benchVariables({ overhead, isParallel }: Machine): Variable[] {
  const peak = [ln(0.5) / PEAK_SPREAD, ln(1.5) / PEAK_SPREAD] as const;
  const variables: Variable[] = [
    {
      name: 'compute',
      what: 'share of the peak FLOP/s that kernels reach, times',
      spread: PEAK_SPREAD,
      bounds: peak,
    },
    {
      name: 'memory',
      what: 'share of the memory bandwidth that they reach, times',
      spread: PEAK_SPREAD,
      bounds: peak,
    },
    {
      name: 'perStep',
      what: 'CPU, each step',
      spread: STEP_SPREAD,
      bounds: [-overhead.perStep / STEP_SPREAD, MOST_SPREADS],
    },
    {
      name: 'perSequence',
      what: 'CPU, each sequence',
      spread: SEQUENCE_SPREAD,
      bounds: [-overhead.perSequence / SEQUENCE_SPREAD, MOST_SPREADS],
    },
  ];
  if (isParallel) {
    variables.push({
      name: 'link',
      what: 'time of exchanges between GPUs, times',
      spread: LINK_SPREAD,
      bounds: [ln(0.25) / LINK_SPREAD, ln(5) / LINK_SPREAD],
    });
  }
  return variables;
}

/** What a point of the search stands for: factors, and seconds. */
export function valuesAt(
  { overhead }: Machine,
  variables: readonly Variable[],
  x: readonly number[],
): Record<Variable['name'], number> {
  const at = (name: Variable['name']) => {
    const i = variables.findIndex((variable) => variable.name === name);
    return i === -1 ? 0 : x[i] * variables[i].spread;
  };
  return {
    compute: rounded(exp(at('compute'))),
    memory: rounded(exp(at('memory'))),
    link: rounded(exp(at('link'))),
    perStep: rounded(Math.max(0, overhead.perStep + at('perStep'))),
    perSequence: rounded(Math.max(0, overhead.perSequence + at('perSequence'))),
  };
}

/** Constants that are shares of the peak and of the bandwidth. */
const SHARES: readonly (readonly ['compute' | 'memory', ConstantGroup, string])[] = [
  ['compute', 'gemm', 'ec'],
  ['compute', 'fa', 'ef'],
  ['compute', 'moe', 'ec'],
  ['memory', 'gemm', 'em'],
  ['memory', 'elt', 'e'],
  ['memory', 'dec', 'ea'],
  ['memory', 'moe', 'em'],
];

/** What a scenario must use for these values. Shares stay within what is plausible, whatever the factor. */
export function calibrationAt(
  { gpu, link, isParallel }: Machine,
  values: Readonly<Record<Variable['name'], number>>,
): Pick<Calibration, 'parts' | 'constants' | 'overhead' | 'link'> {
  const constants: Record<string, Record<string, number>> = {};
  for (const [kind, group, name] of SHARES) {
    const [least, most] = boundsOf(group, name);
    const own = (gpu.par[group] as unknown as Constants)[name];
    const scaled = rounded(Math.min(Math.max(own * values[kind], least), most));
    constants[group] = { ...constants[group], [name]: scaled };
  }
  const { perStep, perSequence } = values;
  return {
    parts: [WHOLE_STEP],
    constants,
    overhead: { perStep, perSequence },
    link: isParallel ? slower(link, values.link) : null,
  };
}

function slower({ alpha, busGBs }: LinkTiming, factor: number): LinkTiming {
  const [a2, a4, a8] = alpha.map((seconds) => rounded(seconds * factor));
  const [b2, b4, b8] = busGBs.map((rate) => rounded(rate / factor));
  return { alpha: [a2, a4, a8], busGBs: [b2, b4, b8], source: 'calibrated' };
}
