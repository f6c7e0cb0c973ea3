import type { Recording } from '../../recording/recording.ts';
import { count, plural } from '../../words.ts';
import type { Moment } from './moment.ts';

/** What a moment is called, and what happened, in English. */
export function momentText(recording: Recording, moment: Moment): { title: string; text: string } {
  const { facts: f, request, step, lastStep } = moment;
  const name = request === null ? 'Somebody' : recording.requestIds[request];
  const unit = recording.header.contiguous === undefined ? 'block' : 'slot';
  const steps = lastStep === step ? `step ${step}` : `steps ${step} to ${lastStep}`;
  const running = () => `${count(f.running, 'request')} ${plural(f.running, 'runs', 'run')}`;
  switch (moment.kind) {
    case 'shortage':
      return {
        title: `${unit === 'block' ? 'Blocks' : 'Slots'} run short for the first time`,
        text: `${running()}, ${f.waiting} ${plural(f.waiting, 'waits', 'wait')}, and ${f.free} of ${count(f.blocks, unit)} are free: too few for the next one. In all, somebody waits for ${unit}s in ${f.short} of ${count(f.numSteps, 'step')}.`,
      };
    case 'blocked':
      return {
        title: 'The queue stands still',
        text: `For ${f.seconds.toFixed(2)} s, in ${steps}, nobody is admitted. ${name} is at the head when it begins; up to ${count(f.waiting, 'request')} ${plural(f.waiting, 'waits', 'wait')}.`,
      };
    case 'storm':
      return {
        title: 'A storm of preemptions',
        text: `${count(f.preemptions, 'preemption')} of ${count(f.requests, 'request')} in ${steps}, ${name} first.${f.lostTokens > 0 ? ` ${count(f.lostTokens, 'token')} that were computed are given up.` : ''} The longest wait until one runs again is ${f.longest.toFixed(2)} s.`,
      };
    case 'evicted':
      return {
        title: 'What is evicted is still wanted',
        text: `In ${steps}, ${count(f.blocks, 'block')} ${plural(f.blocks, 'loses', 'lose')} cached content that must be computed again later: ${count(f.tokens, 'token')}, the first of them in step ${f.againStep}.${f.hits > 0 ? ` Before, requests had got it from the cache ${f.hits === 1 ? 'once' : `${f.hits} times`}.` : ''}`,
      };
    case 'crash':
      return { title: 'The engine dies', text: recording.header.crash?.explanation ?? 'It can not go on.' };
    case 'hang':
      return { title: 'Nothing moves any more', text: 'Requests wait that can never be scheduled.' };
    case 'fullest':
      return {
        title: 'The fullest moment',
        text: `Nobody ever waits for a ${unit} or in the queue. At the fullest moment ${running()}, and ${f.free} of ${count(f.blocks, unit)} are free.`,
      };
  }
}
