import pc from 'picocolors';
import type { Recording } from '../sim/recording/recording.ts';
import { momentText } from '../sim/report/moments/moment-text.ts';
import { momentsOf, reasonsOf } from '../sim/report/moments/moments.ts';
import { shellText } from '../sim/scenario/shell-words.ts';
import { shownPath } from './files.ts';
import { optionWords } from './load.ts';
import type { RecordingOptions } from './load-recording.ts';
import { say } from './tell.ts';

/** `poolscope explain FILE`: what mattered most in the run, with the engine's reasons. */
export function explainMoments(
  recording: Recording,
  source: string,
  { json, ...options }: RecordingOptions & { readonly json?: boolean },
): void {
  const { header, numSteps, requestIds, steps } = recording;
  const told = momentsOf(recording).map((moment) => ({
    ...moment,
    ...momentText(recording, moment),
    reasons: reasonsOf(recording, moment),
  }));
  if (json) {
    const moments = told.map(({ cost, request, reasons, ...moment }) => ({
      ...moment,
      request: request === null ? null : requestIds[request],
      secondsLost: Number.isFinite(cost) ? cost : null,
      reasons: reasons.map(({ requests, ...reason }) => ({
        ...reason,
        requests: requests.map((r) => requestIds[r]),
      })),
    }));
    console.log(JSON.stringify({ moments }, null, 2));
    return;
  }
  say(`${pc.bold('What mattered most')} in the ${numSteps} steps of ${header.name}:`);
  for (const { step, title, text, reasons } of told) {
    const seconds = (steps.startNs[step] / 1e9).toFixed(2);
    say(`\n${pc.bold(title)}, step ${step}, at ${seconds} s\n  ${text}`);
    for (const reason of reasons) say(`  ${reason.text}\n    ${pc.dim(reason.rule)}`);
  }
  if (told.length === 0) say('\nThe run has no steps.');
  else
    say(
      pc.dim(
        `\nA step in full: ${shellText(['poolscope', 'explain', shownPath(source), ...optionWords(options)])} --step ${told[0].step}`,
      ),
    );
}
