import pc from 'picocolors';
import { InputError } from '../sim/error.ts';
import { explainStep, type Reason } from '../sim/report/explain.ts';
import { stepBreakdown } from '../sim/report/step-time.ts';
import { COMPONENT_LABELS, COMPONENTS, type StepBreakdown, totalSeconds } from '../sim/time/breakdown.ts';
import { count, plural, tokens } from '../sim/words.ts';
import { ExitCode } from './exit-code.ts';
import { explainMoments } from './explain-moments.ts';
import { loadRecording, type RecordingOptions } from './load-recording.ts';
import { say } from './tell.ts';

export interface ExplainOptions extends RecordingOptions {
  /** Absent: what mattered most in the run. */
  readonly step?: number;
  readonly block?: number;
  readonly request?: string;
  readonly json?: boolean;
}

/** `poolscope explain`: the reasons of a step in words, or the moments that mattered. Returns the exit code. */
export function explain(source: string, options: ExplainOptions): number {
  const { step, block, request, json } = options;
  const recording = loadRecording(source, options);
  const { numSteps, steps, requestIds, header } = recording;
  if (step === undefined) {
    for (const name of ['block', 'request'] as const) {
      if (options[name] === undefined) continue;
      throw new InputError([{ file: `--${name}`, message: 'goes with --step' }]);
    }
    explainMoments(recording, source, options);
    return ExitCode.Ok;
  }
  if (step >= numSteps) {
    const died = header.crash === undefined ? '' : `: the engine dies of ${header.crash.explanation}`;
    const message =
      numSteps === 0
        ? `the run has no steps${died}`
        : `expected a step from 0 to ${numSteps - 1}, got ${step}`;
    throw new InputError([{ file: '--step', message }]);
  }
  if (block !== undefined && block >= header.pool.numGpuBlocks) {
    throw new InputError([
      {
        file: '--block',
        message: `expected a block from 0 to ${header.pool.numGpuBlocks - 1}, got ${block}`,
      },
    ]);
  }
  const row = request === undefined ? null : requestIds.indexOf(request);
  if (row === -1) throw new InputError([{ file: '--request', message: `there is no request "${request}"` }]);

  const concerns = ({ requests, blocks }: Reason) =>
    (row === null || requests.includes(row)) && (block === undefined || blocks.includes(block));
  const reasons = explainStep(recording, step).filter(concerns);
  const time = stepBreakdown(recording, step);
  if (json) {
    const named = reasons.map(({ requests, ...reason }) => ({
      ...reason,
      requests: requests.map((r) => requestIds[r]),
    }));
    console.log(JSON.stringify({ step, reasons: named, timeSeconds: time }, null, 2));
    return ExitCode.Ok;
  }
  const ms = (ns: number) => (ns / 1e6).toFixed(1);
  say(
    `${pc.bold(`step ${step}`)} of ${header.name}, at ${ms(steps.startNs[step])} ms for ${ms(steps.endNs[step] - steps.startNs[step])} ms: ` +
      `${count(steps.numScheduledRequests[step], 'request')} ${plural(steps.numScheduledRequests[step], 'computes', 'compute')} ${tokens(steps.numScheduledTokens[step])}, ` +
      `${steps.numRunning[step]} running, ${steps.numWaiting[step]} waiting, ${count(steps.numFreeBlocks[step], 'block')} free`,
  );
  const concernsAll = row === null && block === undefined;
  if (time !== null && concernsAll) say(`  ${pc.dim('time')}  ${timeLine(time)}`);
  for (const { text, rule } of reasons) say(`  ${text}\n    ${pc.dim(rule)}`);
  if (reasons.length === 0) say('  nothing of it in this step');
  return ExitCode.Ok;
}

/** The parts of a step's time, the largest first. */
function timeLine(time: StepBreakdown): string {
  const total = totalSeconds(time);
  return COMPONENTS.filter((component) => time[component] > 0)
    .sort((a, b) => time[b] - time[a])
    .map((component) => {
      const share = ((time[component] / total) * 100).toFixed(1);
      return `${COMPONENT_LABELS[component]} ${(time[component] * 1e3).toFixed(2)} ms (${share} %)`;
    })
    .join(' · ');
}
