import type { Plan } from '../sim/memory/plan.ts';

type Failed = Extract<Plan, { starts: false }>;

/** The verdict on a start that failed. */
export function wouldNotStart({ because }: Failed): string {
  return `vLLM would not start: ${because}`;
}

/** What else is to be said of it: label and text of each line. */
export function adviceLines(plan: Failed): [string, string][] {
  const { message, advice, remedies, ranks } = plan;
  const nothing: [string, string] = ['remedies', 'nothing that was tried, up to 16 times as many GPUs'];
  const wasTried = ranks.length > 0 && plan.because !== 'host-memory';
  return [
    // What vLLM found too small is a reason, and what it cannot read has one that its name tells.
    ...labelled(ranks.length > 0 ? 'because' : 'advice', advice.split(NEXT_FLAG)),
    ...(remedies.length === 0 && wasTried ? [nothing] : labelled('remedies', remedies)),
    ['vLLM says', message],
  ];
}

/** Of several flags that vLLM refuses, each has advice of its own. */
const NEXT_FLAG = /; (?=--[\w-]+: )/;

function labelled(label: string, lines: readonly string[]): [string, string][] {
  return lines.map((line, i) => [i === 0 ? label : '', line]);
}
