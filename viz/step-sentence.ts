import { DETAIL_SHIFT, EventKind, KIND_MASK } from '../sim/recording/events.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { type RequestChangeKind, requestChange } from '../sim/recording/request-changes.ts';
import { AdmissionStop } from '../sim/recording/tables.ts';
import { Replace } from '../sim/recording/v0-listener.ts';
import { grouped } from '../sim/words.ts';
import type { Texts } from './text/en.ts';
import { t } from './text/text.ts';

const STOP_REASONS: Readonly<Record<AdmissionStop, keyof Texts['stops'] | null>> = {
  [AdmissionStop.QueueEmpty]: null,
  [AdmissionStop.BudgetExhausted]: 'budget',
  [AdmissionStop.MaxNumSeqs]: 'maxNumSeqs',
  [AdmissionStop.NoFreeBlocks]: 'noFreeBlocks',
  [AdmissionStop.PromptExceedsBudget]: 'promptExceedsBudget',
  [AdmissionStop.EncoderBudget]: 'encoderBudget',
  [AdmissionStop.SwappedFirst]: 'swappedFirst',
  [AdmissionStop.PromptDelay]: 'promptDelay',
  [AdmissionStop.Preempted]: 'preempted',
};
const MOST_NAMES = 4;

/** What happened in a step, in a few words. */
export function sentenceOf(recording: Recording, step: number): string {
  const { numSteps, steps, events, requestIds, header } = recording;
  const { sentence, stops } = t();
  if (step < 0) return sentence.before;
  if (step >= numSteps) return endSentence(recording);
  const names: Record<RequestChangeKind, string[]> = {
    arrive: [],
    reject: [],
    admit: [],
    resume: [],
    preempt: [],
    'swap-out': [],
    'swap-in': [],
    abort: [],
    finish: [],
  };
  let evicted = 0;
  let hits = 0;
  let copies = 0;
  const begin = step === 0 ? 0 : steps.eventEnd[step - 1];
  for (let event = begin; event < steps.eventEnd[step]; event++) {
    const change = requestChange(recording, event, step);
    if (change !== null) names[change.kind].push(requestIds[change.request]);
    const kind = events.kind[event] & KIND_MASK;
    const isV0 = header.v0 !== undefined;
    if (isV0 ? kind === EventKind.Evict : kind === EventKind.Allocate && events.c[event] !== 0) evicted++;
    else if (kind === EventKind.Hit) hits++;
    else if (kind === EventKind.Replace && events.kind[event] >> DETAIL_SHIFT === Replace.Copy) copies++;
  }
  const tokens = steps.numScheduledTokens[step];
  const requests = steps.numScheduledRequests[step];
  const parts = [sentence.computes(requests, tokens)];
  const list = (...kinds: readonly (keyof typeof names & keyof typeof sentence)[]) => {
    for (const kind of kinds) {
      const ids = names[kind];
      if (ids.length === 0) continue;
      parts.push(
        sentence.list(sentence[kind], ids.slice(0, MOST_NAMES), Math.max(0, ids.length - MOST_NAMES)),
      );
    }
  };
  list('preempt', 'swap-out', 'swap-in', 'admit', 'resume');
  if (hits > 0) parts.push(sentence.hits(hits));
  if (evicted > 0) parts.push(sentence.evicted(evicted));
  if (copies > 0) parts.push(sentence.copied(copies));
  list('abort', 'finish');
  const reason = STOP_REASONS[steps.admissionStop[step] as AdmissionStop];
  if (reason !== null && steps.numWaiting[step] > 0) parts.push(stops[reason]);
  return parts.join(sentence.join) + (header.scheduler.asyncScheduling ? sentence.async : '');
}

function endSentence({ header, numSteps }: Recording): string {
  const { dies, hangs, end } = t().sentence;
  if (header.crash) return dies(numSteps, header.crash.error);
  return header.end === 'hang' ? hangs(numSteps) : end(grouped(numSteps));
}
