import { AdmissionStop, EventKind } from '../recording/recording.ts';
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
    const { requests, steps, header } = recording;
    const policy = header.contiguous?.policy ?? 'max';
    const rule = POLICIES[policy];
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
    this.sayWhyTheHeadWaits(rule, steps.admissionStop[this.step], steps.admissionNeed[this.step]);
    for (let event = this.scheduleEnd; event < this.end; event++) {
      if (this.kind(event) !== EventKind.Finish) continue;
      this.say(rule, `${this.id(this.a(event))} ends, and its slots are free.`, [this.a(event)]);
    }
  }

  private sayWhyTheHeadWaits(rule: string, stop: number, need: number): void {
    const { cursor, recording } = this;
    const [head] = cursor.waiting();
    if (head === undefined) return;
    const why =
      stop === AdmissionStop.NoFreeBlocks
        ? `it needs ${count(need, 'slot')} in one piece, and of the ${cursor.numFree} that are free no hole is as large`
        : stop === AdmissionStop.MaxNumSeqs
          ? recording.header.contiguous?.policy === 'static'
            ? 'the batch that runs must end first'
            : `${count(cursor.numRunning, 'request')} ${plural(cursor.numRunning, 'runs', 'run')}, and no more may`
          : 'the step has no room for its prompt';
    this.say(rule, `${this.id(head)} waits: ${why}.${this.behindHead()}`, [head]);
  }
}
