import type { Plan } from '../sim/memory/plan.ts';

/** What is to be said of a start that failed: label and text of each line. */
export function adviceLines(plan: Extract<Plan, { starts: false }>): [string, string][] {
  const { message, advice, remedies, ranks } = plan;
  const nothing: [string, string] = ['remedies', 'nothing that was tried, up to 16 times as many GPUs'];
  if (remedies.length === 0) {
    const wasTried = ranks.length > 0 && plan.because !== 'host-memory';
    return [['vLLM says', message], ['advice', advice], ...(wasTried ? [nothing] : [])];
  }
  return [
    ['vLLM says', message],
    ['advice', advice],
    ...remedies.map((remedy, i): [string, string] => [i === 0 ? 'remedies' : '', remedy]),
  ];
}
