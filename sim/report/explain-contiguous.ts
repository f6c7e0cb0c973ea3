import { EventKind } from '../recording/events.ts';
import { AdmissionStop } from '../recording/tables.ts';
import { count, plural, tokens } from '../words.ts';
import { StepExplainer } from './step-explainer.ts';

const POLICIES = {
  max: 'Orca (Max): room for max_model_len is reserved',
  pow2: 'Orca (Pow2): room for the next power of two of its outputs is reserved',
  oracle: 'Orca (Oracle): room for exactly what it will have is reserved',
  static: 'static batches: nobody joins a batch that runs',
} as const;

/** Why a system without paging decided as it did. The rules are those of the PagedAttention paper's section 3. */
export class ContiguousStepExplainer extends StepExplainer {
  protected sayAll(): void {
    const { cursor, recording } = this;
    const { requests } = recording;
    const rule = POLICIES[this.policy()];
    for (let event = this.begin; event < this.scheduleEnd; event++) {
      const request = this.a(event);
      if (this.kind(event) === EventKind.Arrive) {
        const prompt = tokens(requests.numPromptTokens[request]);
        this.say(rule, `${this.id(request)} arrives with a prompt of ${prompt} and joins the queue.`, [
          request,
        ]);
      } else if (this.kind(event) === EventKind.Admit) {
        const region = cursor.table(request);
        const text = `${this.id(request)} gets ${count(region.length, 'slot')} in one piece, from slot ${region[0]} on, and computes its prompt.`;
        this.say(rule, text, [request]);
      } else if (this.kind(event) === EventKind.Abort) {
        this.say(rule, `${this.id(request)} leaves unfinished; its slots are free.`, [request]);
      }
    }
    const running = [...cursor.running()].filter((request) => cursor.numComputedTokens(request) > 0);
    if (running.length > 0) this.say(rule, `${this.names(running)} go on where they are.`, running);
    this.sayHeadWaits();
    for (const event of this.eventsOf(EventKind.Finish, this.scheduleEnd, this.end)) {
      this.say(rule, `${this.id(this.a(event))} ends, and its slots are free.`, [this.a(event)]);
    }
  }

  protected whyHeadWaits(): [rule: string, why: string] {
    const { cursor, recording, step } = this;
    const { steps } = recording;
    const policy = this.policy();
    switch (steps.admissionStop[step]) {
      case AdmissionStop.NoFreeBlocks: {
        const need = count(steps.admissionNeed[step], 'slot');
        return [
          POLICIES[policy],
          `it needs ${need} in one piece, and of the ${cursor.numFree} that are free no hole is as large`,
        ];
      }
      case AdmissionStop.MaxNumSeqs: {
        const { numRunning } = cursor;
        const limit = `${count(numRunning, 'request')} ${plural(numRunning, 'runs', 'run')}, and no more may`;
        return [POLICIES[policy], policy === 'static' ? 'the batch that runs must end first' : limit];
      }
      default:
        return [POLICIES[policy], 'the step has no room for its prompt'];
    }
  }

  private policy(): keyof typeof POLICIES {
    return this.recording.header.contiguous?.policy ?? 'max';
  }
}
