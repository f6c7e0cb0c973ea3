import { Cursor } from '../../sim/recording/cursor.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import type { ScenarioSource, SharedState } from '../../sim/share/fragment.ts';
import { grouped } from '../../sim/words.ts';
import { COLOR_MODES } from '../block-colors.ts';
import { alignedStep, labelOf, MOST_OTHERS, type OtherRun, otherRun } from '../compare/other-runs.ts';
import { byId } from '../dom.ts';
import { ORDER_MODES } from '../order/block-order.ts';
import type { NamedRun } from '../report/save-report.ts';
import { indexOf } from '../run-index.ts';
import { t } from '../text/text.ts';
import { windowOf } from '../time/time-window.ts';
import type { WhatIfSource } from '../what-if.ts';
import { Engine } from './engine.ts';
import { hideMessage, showMessage, showProblems, showRefusal } from './message.ts';
import { prepareJumps } from './prepare-jumps.ts';
import { ReplicaChoice } from './replicas.ts';
import type { Stage } from './stage.ts';
import { SCENES, type View, type ViewStore } from './view.ts';

/** What a link says beside the scenario. */
type Place = Omit<SharedState, 'scenario'>;

/** A scenario that was read, and the flags that it comes to; none if it could not be read. */
type OnRead = (scenario: ScenarioSource, settings: Readonly<Record<string, string>>) => void;

const reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');

/** Gets runs, from the engine in its worker or from a file, and puts them on the stage. */
export class Runs {
  private readonly view: ViewStore;
  private readonly stage: Stage;
  private readonly onRead: OnRead;
  private readonly engine = new Engine();
  private readonly besideEngine = new Engine();
  private readonly replicaChoice: ReplicaChoice;
  /** What was looked at before a start that failed showed its GPUs; null = none has. */
  private sceneBefore: View['scene'] | null = null;

  constructor(view: ViewStore, stage: Stage, onRead: OnRead) {
    this.view = view;
    this.stage = stage;
    this.onRead = onRead;
    this.replicaChoice = new ReplicaChoice(view, (index) => this.showReplica(index));
  }

  /** Simulates a scenario, and goes to where a link says; a run before it is cancelled. */
  simulate(scenario: ScenarioSource, at: Place | null = null): void {
    this.engine.simulate(scenario, (answer) => {
      switch (answer.kind) {
        case 'progress':
          byId('scenario-name').textContent = t().messages.simulating(
            scenario.file,
            Math.floor(answer.share * 100),
            grouped(answer.numSteps),
          );
          return;
        case 'recording': {
          const { replicas, sizing, settings } = answer;
          const index = Math.min(at?.replica ?? 0, replicas.length - 1);
          this.onRead(scenario, settings);
          this.show(replicas, index, replicas[index].header.name, { scenario, sizing });
          if (at !== null) this.goTo(at);
          else if (this.sceneBefore !== null && this.view.get().scene === 'gpus')
            this.view.set({ scene: this.sceneBefore });
          this.sceneBefore = null;
          break;
        }
        case 'would-not-start':
          this.onRead(scenario, answer.settings);
          showRefusal(answer);
          if (answer.strips.length > 0) {
            this.stage.showStart(answer.strips, answer.about, { scenario, sizing: answer.sizing });
            this.sceneBefore ??= this.view.get().scene;
            this.view.set({ scene: 'gpus' });
          }
          break;
        case 'plan':
        case 'merged':
          break;
        case 'problems':
          this.onRead(scenario, {});
          showProblems(answer.problems);
          break;
        case 'fault':
          showMessage(t().messages.fault, [answer.message]);
          break;
      }
    });
  }

  /** Runs the scenarios one after the other, and shows them beside the run that is there. */
  simulateBeside(scenarios: readonly ScenarioSource[]): void {
    this.view.set({ awaited: scenarios });
    const [scenario, ...rest] = scenarios;
    if (scenario === undefined) return;
    this.besideEngine.simulate(scenario, (answer) => {
      if (answer.kind === 'progress') return;
      const { run, others } = this.view.get();
      this.view.set({ awaited: answer.kind === 'recording' ? rest : [] });
      if (answer.kind === 'recording' && run !== null) {
        const other = otherRun(scenario, answer.replicas, run.recording);
        this.setOthers([...others.slice(-(MOST_OTHERS - 1)), other]);
        this.simulateBeside(rest);
      } else if (answer.kind === 'would-not-start') {
        showRefusal(answer);
      } else if (answer.kind === 'problems') showProblems(answer.problems);
      else if (answer.kind === 'fault') showMessage(t().messages.fault, [answer.message]);
    });
  }

  setOthers(others: readonly OtherRun[]): void {
    if (this.view.get().run === null) return;
    this.stage.showOthers(others);
    this.view.set({ others, scene: 'compare' });
  }

  /** Shows a run: what its engines recorded, of which one is looked at. */
  show(
    replicas: readonly Recording[],
    index: number,
    name: string,
    source: WhatIfSource | null = null,
  ): void {
    const { view, stage } = this;
    const recording = replicas[index];
    hideMessage();
    // What is still to come was to stand beside the run before.
    this.besideEngine.cancel();
    const cursor = new Cursor(recording);
    const { derived, events } = indexOf(recording);
    stage.show({ replicas, recording, cursor, derived, source }, name);
    byId('scenario-name').textContent = titleOf(recording, name);
    const { event } = view.get();
    view.set({
      run: { replicas, recording, cursor, derived, events, source },
      others: [],
      awaited: [],
      event: events.has(event) ? event : (events.keys().next().value ?? 'preempt'),
      step: 0,
      window: null,
      playing: recording.numSteps > 0 && !reducedMotion.matches,
      block: null,
      request: null,
    });
    prepareJumps(cursor, () => view.get().run?.cursor === cursor);
  }

  /** Shows a recording; if what it says of itself cannot be, the run before it stays, and the error goes on. */
  open(recording: Recording): void {
    const before = this.view.get().run;
    try {
      this.show([recording], 0, recording.header.name);
    } catch (error) {
      if (before !== null) {
        const { replicas, source } = before;
        this.show(replicas, replicas.indexOf(before.recording), before.recording.header.name, source);
      }
      throw error;
    }
    this.engine.cancel();
  }

  /** The text of a scenario with its overrides in it. */
  merge(scenario: ScenarioSource): ReturnType<Engine['merge']> {
    return this.engine.merge(scenario);
  }

  /** The run that is shown, its other engines, and the runs beside it. */
  named(): NamedRun[] {
    const { run, others } = this.view.get();
    if (run === null) return [];
    const { recording, replicas } = run;
    return [
      ...[recording, ...replicas.filter((each) => each !== recording)].map((each) => ({
        name: each.header.name,
        recording: each,
      })),
      ...others.map((other) => ({ name: labelOf(other), recording: other.recording })),
    ];
  }

  /** The same in another language. */
  retell(): void {
    this.replicaChoice.retell();
  }

  /** Another engine of the run, at the same simulated time. */
  private showReplica(index: number): void {
    const { run, step, request, others, awaited, scene } = this.view.get();
    if (run === null) return;
    const next = run.replicas[index];
    const at = alignedStep(run.recording, step, next, 'time');
    this.show(run.replicas, index, next.header.name, run.source);
    if (others.length > 0)
      this.setOthers(others.map(({ source, replicas }) => otherRun(source, replicas, next)));
    // All engines list the same requests.
    this.view.set({ step: Math.max(0, at), request, scene, playing: false });
    this.simulateBeside(awaited);
  }

  /** What a link says of the view; a mode or a request that there is not is left as it is. */
  private goTo({ step, mode, order, request, block, window, others, scene }: Place): void {
    const { run } = this.view.get();
    if (run === null) return;
    const { numSteps, requestIds } = run.recording;
    const known = COLOR_MODES.find((choice) => choice === mode);
    this.view.set({
      playing: false,
      step: Math.min(step, numSteps),
      request: request !== null && request < requestIds.length ? request : null,
      block: block !== undefined && block < run.cursor.numBlocks ? block : null,
      window: window === undefined || numSteps === 0 ? null : windowOf(window.from, window.to, numSteps),
      ...(known && { mode: known }),
      order: ORDER_MODES.find((choice) => choice === order) ?? 'physical',
      scene: SCENES.find((name) => name === scene) ?? 'blocks',
    });
    this.simulateBeside(others);
  }
}

function titleOf({ header }: Recording, name: string): string {
  const { model = '', gpu = '' } = header.about;
  const system = header.contiguous === undefined ? `vLLM ${header.vllm}` : t().messages.withoutPaging;
  return [name, model, gpu, system].filter((part) => part !== '').join(' · ');
}
