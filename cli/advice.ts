import type { Plan } from '../sim/memory/plan.ts';

/** What is to be said of a start that failed: label and text of each line. */
export function adviceLines(plan: Extract<Plan, { starts: false }>): [string, string][] {
  const { message, advice, remedies, ranks } = plan;
  const nothing: [string, string] = ['remedies', 'nothing that was tried, up to 16 times as many GPUs'];
  const wasTried = ranks.length > 0 && plan.because !== 'host-memory';
  return [
    ['vLLM says', message],
    ...labelled('advice', advice.split(NEXT_FLAG)),
    ...(remedies.length === 0 && wasTried ? [nothing] : labelled('remedies', remedies)),
  ];
}

/** Of several flags that vLLM refuses, each has advice of its own. */
const NEXT_FLAG = /; (?=--[\w-]+: )/;

function labelled(label: string, lines: readonly string[]): [string, string][] {
  return lines.map((line, i) => [i === 0 ? label : '', line]);
}
