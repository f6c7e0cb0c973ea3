import {
  fromFragment,
  type Room,
  roomOf,
  type ScenarioSource,
  type SharedState,
  toFragment,
} from '../../sim/share/fragment.ts';
import { isCourse } from './rooms.ts';
import type { ViewStore } from './view.ts';

/** Writing the address on every step of a playing run would flood the browser's history interface. */
const QUIET_MS = 400;

/**
 * The address holds the whole state. Each scenario, and each run beside it, is an entry of the browser's history, so
 * Back and Forward undo and redo; where the cursor is only changes the entry.
 */
export class Links {
  private readonly view: ViewStore;
  private readonly simulate: (scenario: ScenarioSource, at: Omit<SharedState, 'scenario'> | null) => void;
  /** null: a recording, which no link can hold. */
  scenario: ScenarioSource | null = null;
  private room: Room = 'play';
  private timer = 0;

  constructor(
    view: ViewStore,
    simulate: (scenario: ScenarioSource, at: Omit<SharedState, 'scenario'> | null) => void,
  ) {
    this.view = view;
    this.simulate = simulate;
    view.subscribe((now, before) => {
      window.clearTimeout(this.timer);
      // Whoever goes back at once must find it when they come again.
      if (now.others !== before.others && now.run === before.run) this.write();
      else this.timer = window.setTimeout(() => this.write(), QUIET_MS);
    });
    window.addEventListener('popstate', () => this.follow());
  }

  /** The page is within another one. */
  get isEmbedded(): boolean {
    return this.room === 'embed';
  }

  /** Opens the page: with what the address says, or with the scenario given. */
  start(otherwise: ScenarioSource): void {
    const found = fromFragment(location.hash);
    this.scenario = found?.state.scenario ?? otherwise;
    this.room = roomOf(location.hash);
    this.simulate(this.scenario, found?.state ?? null);
  }

  /** Another scenario; the one before stays in the history. */
  goTo(scenario: ScenarioSource): void {
    window.clearTimeout(this.timer);
    if (this.scenario !== null) history.replaceState(null, '', this.fragment(this.scenario));
    this.scenario = scenario;
    history.pushState(
      null,
      '',
      toFragment(this.room, {
        ...this.stateOf(scenario),
        step: 0,
        request: null,
        block: undefined,
        window: undefined,
        others: [],
      }),
    );
    this.simulate(scenario, null);
  }

  /** Before a change that Back undoes: the view as it is stays in the history. */
  keep(): void {
    if (this.scenario === null || this.isEmbedded) return;
    window.clearTimeout(this.timer);
    const fragment = this.fragment(this.scenario);
    history.replaceState(null, '', fragment);
    history.pushState(null, '', fragment);
  }

  /** A recording is shown: the address can say nothing of it. */
  leave(): void {
    window.clearTimeout(this.timer);
    this.scenario = null;
    history.pushState(null, '', location.pathname + location.search);
  }

  private follow(): void {
    window.clearTimeout(this.timer);
    const found = fromFragment(location.hash);
    if (found === null) return;
    this.scenario = found.state.scenario;
    this.simulate(found.state.scenario, found.state);
  }

  private write(): void {
    const { run, playing } = this.view.get();
    // The course has addresses of its own.
    if (this.scenario === null || run === null || playing || isCourse()) return;
    history.replaceState(null, '', this.fragment(this.scenario));
  }

  private fragment(scenario: ScenarioSource, room = this.room): string {
    return toFragment(room, this.stateOf(scenario));
  }

  private stateOf(scenario: ScenarioSource): SharedState {
    const { run, step, mode, order, request, block, window, scene, others, awaited } = this.view.get();
    const replica = run?.replicas.indexOf(run.recording);
    return {
      scenario,
      step,
      mode,
      request,
      scene,
      ...(replica && { replica }),
      ...(order !== 'physical' && { order }),
      ...(block !== null && { block }),
      ...(window !== null && { window }),
      others: [...others.map(({ source }) => source), ...awaited],
    };
  }

  /** The address of the view; null: a recording, which no link can hold. */
  link(room: Room = 'play'): string | null {
    return this.scenario === null
      ? null
      : location.href.replace(/#.*$/, '') + this.fragment(this.scenario, room);
  }
}
