import type { SizingFlags } from '../sim/memory/startup-input.ts';
import type { ScenarioSource } from '../sim/share/fragment.ts';
import { gib } from '../sim/units.ts';
import { grouped } from '../sim/words.ts';
import { startWorker } from './app/start-worker.ts';
import { h } from './dom.ts';
import { t } from './text/text.ts';
import type { PlanAnswer, WorkerAnswer, WorkerRequest } from './worker/messages.ts';

/** What a slider changes, under vLLM's names. */
interface Knob {
  readonly flag: keyof SizingFlags;
  readonly label: string;
  /** Ascending; the run's own value is put among them. */
  readonly values: readonly Setting[];
}

type Setting = number | boolean;

/** A scenario, and what its flags come to. */
export interface WhatIfSource {
  readonly scenario: ScenarioSource;
  readonly sizing: SizingFlags;
}

const KNOBS: readonly Knob[] = [
  {
    flag: 'gpu_memory_utilization',
    label: '--gpu-memory-utilization',
    values: Array.from({ length: 19 }, (_, i) => (10 + i * 5) / 100),
  },
  { flag: 'block_size', label: '--block-size', values: [8, 16, 32, 64, 128] },
  {
    flag: 'max_model_len',
    label: '--max-model-len',
    values: [1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072],
  },
  { flag: 'tensor_parallel_size', label: '--tensor-parallel-size', values: [1, 2, 4, 8] },
  // Whole experts on each GPU, or a slice of each; of models that have some.
  { flag: 'enable_expert_parallel', label: '--enable-expert-parallel', values: [false, true] },
];

/** Sliders that plan the start-up anew with other flags, without running anything. */
export class WhatIf {
  private readonly root: HTMLElement;
  private readonly onPlan: (plan: PlanAnswer) => void;
  private readonly onReset: () => void;
  private worker: Worker | null = null;
  private source: WhatIfSource | null = null;
  private readonly chosen = new Map<string, Setting>();
  private asked = 0;
  private readonly verdict = h('p', { class: 'verdict', 'aria-live': 'polite' });

  constructor(root: HTMLElement, onPlan: (plan: PlanAnswer) => void, onReset: () => void) {
    this.root = root;
    this.onPlan = onPlan;
    this.onReset = onReset;
  }

  /** A scenario is shown; null: a recording, of which no scenario is known. */
  show(source: WhatIfSource | null): void {
    this.source = source;
    this.chosen.clear();
    this.verdict.textContent = '';
    if (source === null) this.root.replaceChildren();
    else {
      const reset = h(
        'button',
        {
          type: 'button',
          class: 'button',
          onclick: () => {
            this.show(this.source);
            this.onReset();
          },
        },
        t().whatIf.reset,
      );
      this.root.replaceChildren(
        h('h3', { class: 'plain' }, t().whatIf.title),
        ...KNOBS.flatMap((knob) => {
          const current = source.sizing[knob.flag];
          return current === undefined ? [] : [this.slider(knob, current)];
        }),
        reset,
        this.verdict,
      );
    }
  }

  private slider({ flag, label, values: others }: Knob, current: Setting): HTMLElement {
    const values = [...new Set([...others, current])].sort((a, b) => Number(a) - Number(b));
    const output = h('output', {}, shown(current));
    const input = h('input', {
      type: 'range',
      min: 0,
      max: values.length - 1,
      step: 1,
      value: values.indexOf(current),
      'aria-label': label,
      'aria-valuetext': shown(current),
    });
    input.addEventListener('input', () => {
      const value = values[Number(input.value)];
      output.textContent = shown(value);
      input.setAttribute('aria-valuetext', shown(value));
      this.chosen.set(flag, value);
      this.ask();
    });
    return h('label', { class: 'knob' }, h('span', {}, label), input, output);
  }

  private ask(): void {
    if (this.source === null) return;
    if (this.worker === null) {
      this.worker = startWorker();
      this.worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
        if (data.kind === 'plan' && data.id === this.asked) this.answer(data.plan);
        else if (data.kind === 'problems') this.verdict.textContent = data.problems[0]?.message ?? '';
        else if (data.kind === 'fault') this.verdict.textContent = data.message;
      };
    }
    this.asked++;
    const flags = Object.fromEntries(this.chosen);
    const { scenario } = this.source;
    this.worker.postMessage({
      ask: 'plan',
      source: scenario,
      flags,
      id: this.asked,
    } satisfies WorkerRequest);
  }

  private answer(plan: PlanAnswer): void {
    this.verdict.textContent = verdictOf(plan);
    this.verdict.classList.toggle('fails', plan.fit === null);
    this.onPlan(plan);
  }
}

/** What comes of a plan, in a sentence. */
function verdictOf({ fit, range, message, advice }: PlanAnswer): string {
  const { starts, fails, sure, near } = t().whatIf;
  const verdict =
    fit === null
      ? fails(message, advice)
      : starts(
          grouped(fit.numBlocks),
          fit.blockSize,
          fit.maxConcurrency.toFixed(1),
          grouped(fit.maxModelLen),
        );
  if (range === null) return verdict;
  const spread = gib(range.bytes);
  return `${verdict} ${range.decides ? near(spread) : sure(spread)}`;
}

function shown(value: Setting): string {
  if (typeof value === 'boolean') return value ? t().whatIf.on : t().whatIf.off;
  return grouped(value);
}
