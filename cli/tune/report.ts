import pc from 'picocolors';
import { describeGpus } from '../../sim/scenario/describe-gpus.ts';
import { shown } from '../reporters/findings.ts';
import { plain } from '../reporters/plain.ts';
import { row } from '../text.ts';
import { keyOf, type Settings, type Trial } from './evaluator.ts';
import type { Candidate, Found, Goal, Search } from './goals.ts';
import { serveLine } from './serve-line.ts';

/** All that is told of a search. */
export interface Tuned {
  readonly goal: Goal;
  readonly around: Search;
  readonly found: Found;
  readonly runnerUp: Candidate | null;
  /** The runner-up at the winner's load. */
  readonly runnerUpTrial: Trial | null;
  readonly hasOwnLimits: boolean;
}

const GOAL_TEXTS: Readonly<Record<Goal, string>> = {
  'highest-load': 'the highest load within the limits',
  'highest-throughput': 'the most output tokens per second within the limits, at the scenario’s load',
  'smallest-gpu': 'the least GPU memory that holds the scenario’s load within the limits',
  'lowest-cost': 'the cheapest GPUs that hold the scenario’s load within the limits',
};

/** For people. */
export function tunedText(tuned: Tuned): string {
  const { goal, around, found, runnerUp, runnerUpTrial } = tuned;
  const { scenario, evaluator, axes } = around;
  const { best, own } = found;
  const lines = [
    `${pc.bold(scenario.name)}  ${scenario.file}`,
    row('goal', GOAL_TEXTS[goal]),
    ...limitsOf(tuned).map((text, i) => row(i === 0 ? 'limits' : '', text)),
    '',
    ...(best.trial.holds
      ? [
          row('best', pc.green(serveLine(scenario, best.settings))),
          row('', `on ${gpusOf(tuned, best.settings)}`),
        ]
      : [
          row('best', pc.red('nothing that was tried holds the limits; nearest:')),
          row('', serveLine(scenario, best.settings)),
        ]),
    ...outcomeOf(tuned, best).map((text) => row('', text)),
    ...best.trial.failures.map((text) => row('', `fails on ${text}`)),
    row(
      'as it is',
      best === own ? 'the same' : [...outcomeOf(tuned, own).slice(0, 1), ...failsOn(own.trial)].join('; '),
    ),
  ];
  if (runnerUp !== null && runnerUpTrial !== null) {
    lines.push(
      row('runner-up', `${changesOf(runnerUp.settings)}: ${runnerUpText(tuned, runnerUp, runnerUpTrial)}`),
    );
  }
  if (runnerUp === null && found.tried.length > 1) lines.push(row('', 'nothing that was tried is worse'));
  if (goal === 'highest-throughput' && runnerUp === null) {
    lines.push(row('', 'the load is the limit, not the configuration: try --set workload.request-rate=inf'));
  }
  lines.push('', ...reasonsOf(tuned).map((text, i) => row(i === 0 ? 'why' : '', text)));
  const fields = axes.map(({ key, values }) => `${short(key)} ${values.map(String).join(' ')}`);
  lines.push(row('searched', `${evaluator.numTrials} simulations: ${fields.join('; ')}`));
  return lines.map(plain).join('\n');
}

function limitsOf({ found, hasOwnLimits, around }: Tuned): string[] {
  const { result, holds } = found.best.trial;
  const met = (result?.checks ?? []).map(({ metric, found: text, severity }) =>
    limitText(metric, text, severity),
  );
  const stated = around.scenario.expect.metrics.map(({ metric, expression, severity }) =>
    limitText(metric, expression.text, severity),
  );
  const lines = holds && met.length > 0 ? met : stated;
  return hasOwnLimits ? lines : [...lines, 'the scenario states none: these are assumed'];
}

function limitText(metric: string, text: string, severity: 'error' | 'warning'): string {
  return `${metric}: ${text}${severity === 'warning' ? ' (a warning: no limit)' : ''}`;
}

/** What the goal asks for. */
function outcomeOf({ goal, around }: Tuned, { value, limit, trial }: Candidate): string[] {
  if (goal === 'highest-load' && limit !== null) {
    const load = (x: number) => loadText(around.load.key, x);
    if (limit.failsAt === null)
      return [`${load(value)} hold, and more was not tried: raise num-prompts to see the limit`];
    const failing = `${load(limit.failsAt)} do not${failsOn(limit.failing as Trial).map((text) => `: ${text}`)}`;
    return value > 0 ? [`${load(value)} hold`, failing] : [failing];
  }
  if (goal === 'highest-throughput')
    return trial.result ? [`${shown(value, 'per second')} output tokens`] : [];
  if (Number.isNaN(value)) return [];
  return [
    goal === 'lowest-cost'
      ? `${shown(value, 'times')} an hour`
      : `${shown(value, 'times')} GiB of GPU memory`,
  ];
}

function runnerUpText(tuned: Tuned, { value }: Candidate, trial: Trial): string {
  const failures = failsOn(trial);
  const reached = outcomeOf(tuned, { value, limit: null, trial } as Candidate);
  if (tuned.goal === 'highest-load') {
    const at = loadText(tuned.around.load.key, tuned.found.best.value);
    const own = value > 0 ? `holds ${loadText(tuned.around.load.key, value)}` : 'holds no load';
    return failures.length > 0 ? `${own}; at ${at} it fails on ${failures[0]}` : `${own} too`;
  }
  return failures.length > 0 ? `fails on ${failures[0]}` : reached.join('');
}

/** Around the winner: each field by itself, the others as the winner has them. */
function reasonsOf({ around, found, goal }: Tuned): string[] {
  const { best, tried } = found;
  if (goal !== 'highest-load' && goal !== 'highest-throughput') {
    return tried.slice(-4).map((candidate) => {
      const verdict = candidate.trial.holds
        ? 'holds'
        : `fails on ${failsOn(candidate.trial)[0] ?? 'its start'}`;
      return `${changesOf(candidate.settings)}: ${verdict}`;
    });
  }
  const unit = goal === 'highest-throughput' ? 'output tokens/s' : loadUnit(around.load.key);
  const byKey = new Map(tried.map((candidate) => [keyOf(candidate.settings), candidate]));
  return around.axes.flatMap(({ key, values }) => {
    const along = values.flatMap((value) => {
      const candidate = byKey.get(keyOf({ ...best.settings, [key]: value }));
      if (candidate === undefined) return [];
      const text = candidate.trial.holds ? Number(candidate.value.toPrecision(4)) : 'fails';
      return [`${text} at ${String(value)}`];
    });
    return along.length > 1 ? [`${short(key)}: ${along.join(', ')} (${unit})`] : [];
  });
}

function failsOn({ failures }: Trial): string[] {
  return failures.length > 1 ? [`${failures[0]}, and ${failures.length - 1} more`] : [...failures];
}

function changesOf(settings: Settings): string {
  const changes = Object.entries(settings).map(([key, value]) => `${short(key)}=${String(value)}`);
  return changes.length === 0 ? 'as it is' : changes.join(' ');
}

function short(key: string): string {
  return key.split('.').at(-1) ?? key;
}

function loadText(key: string, value: number): string {
  return `${value} ${loadUnit(key)}`;
}

function loadUnit(key: string): string {
  return key === 'workload.time-scale' ? "times the trace's speed" : 'requests/s';
}

function gpusOf({ around: { scenario } }: Tuned, settings: Settings): string {
  const { 'hardware.gpu': gpu, 'hardware.count': count } = settings;
  return gpu === undefined ? describeGpus(scenario.hardware) : `${count} × ${gpu}`;
}

/** For programs. */
export function tunedJson(tuned: Tuned): string {
  const { goal, around, found, runnerUp, runnerUpTrial, hasOwnLimits } = tuned;
  const { scenario, load, axes, evaluator } = around;
  const of = (candidate: Candidate) => ({
    settings: candidate.settings,
    command: serveLine(scenario, candidate.settings),
    holds: candidate.trial.holds,
    value: Number.isNaN(candidate.value) ? null : candidate.value,
    failsAt: candidate.limit?.failsAt ?? null,
    failures: candidate.trial.failures,
    beyond: candidate.limit?.failing?.failures ?? [],
    checks: candidate.trial.result?.checks ?? [],
  });
  const json = {
    file: scenario.file,
    name: scenario.name,
    goal,
    load: load.key,
    limitsAssumed: !hasOwnLimits,
    best: of(found.best),
    own: of(found.own),
    runnerUp: runnerUp && { ...of(runnerUp), failsOn: runnerUpTrial?.failures ?? [] },
    axes: Object.fromEntries(axes.map(({ key, values }) => [key, values])),
    numConfigurations: found.tried.length,
    numSimulations: evaluator.numTrials,
    reasons: reasonsOf(tuned),
  };
  return JSON.stringify(json, null, 2);
}
