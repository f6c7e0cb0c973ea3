import hello from '../scenarios/hello.pool.yaml?raw';
import { Cursor } from '../sim/recording/cursor.ts';
import type { Recording } from '../sim/recording/recording.ts';
import type { ScenarioSource, SharedState } from '../sim/share/fragment.ts';
import { Keyboard } from './app/commands.ts';
import { embed } from './app/embed.ts';
import { Engine } from './app/engine.ts';
import { listenForFiles } from './app/files.ts';
import { keyCommands } from './app/key-commands.ts';
import { onLanguage } from './app/language.ts';
import { Links } from './app/links.ts';
import { hideMessage, showMessage, showProblems } from './app/message.ts';
import { Playback } from './app/playback.ts';
import { pointAtBlocks } from './app/point-at-blocks.ts';
import { prepareJumps } from './app/prepare-jumps.ts';
import { ReplicaChoice } from './app/replicas.ts';
import { StepTeller } from './app/step-teller.ts';
import { onTheme } from './app/theme.ts';
import { canSwitch, makeView, SCENES } from './app/view.ts';
import { COLOR_MODES, type ColorMode, legendOf } from './block-colors.ts';
import { BlockLives } from './block-life.ts';
import { BlockMap } from './block-map.ts';
import { ORDER_MODES } from './block-order.ts';
import { Compare } from './compare/compare.ts';
import { ForkMarks } from './compare/fork-marks.ts';
import { alignedStep, labelOf, MOST_OTHERS, type OtherRun, otherRun } from './compare/other-runs.ts';
import { Details } from './details.ts';
import { byId, h } from './dom.ts';
import { Editor } from './editor/editor.ts';
import { scenarioTextOf } from './editor/pasted.ts';
import { ExpertPanel } from './expert-panel.ts';
import { Gantt } from './gantt.ts';
import { GpuPanel } from './gpu-panel.ts';
import { Headline, swatch } from './headline.ts';
import { MapControls } from './map/map-controls.ts';
import { readPalette } from './palette.ts';
import { PaletteDialog } from './palette-dialog.ts';
import { showReport } from './report/report-runs.ts';
import type { NamedRun } from './report/save-report.ts';
import { RequestList } from './request-list.ts';
import { indexOf } from './run-index.ts';
import { type Found, search } from './search.ts';
import { Segmented } from './segmented.ts';
import type { Caption } from './share/picture.ts';
import { ShareDialog } from './share/share-dialog.ts';
import { StateTable } from './state-table.ts';
import { sentenceOf } from './step-sentence.ts';
import { StepTimePanel, trustOf } from './step-time-panel.ts';
import { StoryPanel } from './story/story-panel.ts';
import { showTexts, t } from './text/text.ts';
import { Overview } from './time/overview.ts';
import { TimeBrush } from './time/time-brush.ts';
import { following, type TimeWindow, windowOf, zoomed } from './time/time-window.ts';
import { Timeline } from './timeline.ts';
import { Transport } from './transport.ts';
import { WhatIf, type WhatIfSource } from './what-if.ts';

const reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');
const view = makeView();
const playback = new Playback(view);
const engine = new Engine();
const besideEngine = new Engine();

let palette = readPalette();
const map = new BlockMap(byId<HTMLCanvasElement>('map'), palette);
const mapControls = new MapControls(map, byId('zoom'), () => {
  drawLegends();
  askFrame();
});
const timeline = new Timeline(byId<HTMLCanvasElement>('timeline'), palette);
const teller = new StepTeller(askFrame);
const stepTimes = new StepTimePanel(
  {
    panel: byId('step-times'),
    canvas: byId('step-time-chart'),
    cursor: byId('step-time-cursor'),
    legend: byId('step-time-legend'),
    trust: byId('step-time-trust'),
  },
  palette,
  askFrame,
);
const headline = new Headline(byId('headline'), () => {
  const panel = byId<HTMLDetailsElement>('step-times');
  panel.open = true;
  panel.querySelector('summary')?.focus();
});
const details = new Details(byId('details'), byId('details-title'), {
  request: selectRequest,
  step: (step) => playback.seek(step),
});
const requestList = new RequestList(byId('requests'), selectRequest);
const gpus = new GpuPanel(byId('gpu-strips'), byId('gpu-summary'));
const experts = new ExpertPanel(
  {
    panel: byId('experts'),
    summary: byId('expert-summary'),
    span: byId('expert-span'),
    canvas: byId('expert-map'),
    readout: byId('expert-readout'),
    legend: byId('expert-legend'),
    facts: byId('expert-facts'),
  },
  palette,
  (text) => {
    byId('live').textContent = text;
  },
);
const whatIf = new WhatIf(
  byId('what-if'),
  ({ strips }) => gpus.show(strips),
  () => showGpus(view.get().run?.recording ?? null),
);
const gantt = new Gantt(
  { scroller: byId('gantt-scroll'), canvas: byId('gantt'), legend: byId('gantt-legend') },
  palette,
  { onRequest: selectRequest, onScroll: askFrame },
);
const compare = new Compare(byId('scene-compare'), palette, {
  add: () => openEditor(true),
  remove: (other) => setOthers(view.get().others.filter((run) => run !== other)),
  goTo: (step) => playback.seek(step),
  canFork() {
    const { run } = view.get();
    return links.scenario !== null && run !== null && canSwitch(run);
  },
  valueOf: (path) => editor.valueOf(path),
  fork(set) {
    const { scenario } = links;
    const { run, step } = view.get();
    if (scenario === null || run === null) return;
    const later = { step: Math.min(step, run.recording.numSteps - 1), sets: [set] };
    simulateBeside([{ ...scenario, later }]);
  },
  redraw() {
    compare.refresh();
    askFrame();
  },
});
const forkMarks = new ForkMarks(byId('fork-marks'));
const stateTable = new StateTable(byId('scene-table'));
const transport = new Transport(byId('transport'), playback);
new StoryPanel(view, playback);

// --- drawing: at most once a frame, from the view alone ---

let frameAsked = false;
view.subscribe(askFrame);

function askFrame(): void {
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(() => {
    frameAsked = false;
    draw();
  });
}

function draw(): void {
  const { run, others, step, window, playing, speed, block, request, scene, event } = view.get();
  if (run === null) return;
  const { cursor, recording, derived } = run;
  cursorNow();
  const holders = block === null ? [] : cursor.holders(block);
  if (scene === 'blocks') {
    map.draw({ block, request, outlined: request === null ? holders : [request] });
    mapControls.show();
  } else if (scene === 'requests') gantt.draw(step, cursor.running(), request);
  else if (scene === 'compare') compare.draw(step, block, request);
  else if (scene === 'table') stateTable.draw(cursor);
  const shown = windowNow(recording.numSteps);
  timeline.draw(step, shown);
  overview.draw(recording, window === null ? null : shown, palette);
  timeBrush.show(window);
  forkMarks.draw(others, shown);
  stepTimes.draw(cursor, shown);
  headline.show(cursor, derived);
  transport.showEvents(run.events, event);
  transport.show(playing, speed, step, recording.numSteps);
  details.show(cursor, block, map.blocksPerCell);
  requestList.show(cursor, palette, request);
  gpus.at(step);
  experts.at(step);
  teller.show(cursor, playing);
}

function drawLegends(): void {
  const { mode } = view.get();
  const { legend } = t();
  const entries = legendOf(mode, palette).map(({ color, label }) => h('span', {}, swatch(color), label));
  if (map.blocksPerCell > 1) entries.push(h('span', {}, t().legend.cell(map.blocksPerCell)));
  byId('legend').replaceChildren(...entries);
  byId('timeline-legend').replaceChildren(
    ...[
      ['chart-use', legend.kvUse],
      ['chart-running', legend.running],
      ['chart-waiting', legend.waiting],
      ['chart-preempt', legend.preemption],
    ].map(([token, label]) => h('span', {}, swatch(palette.css(token)), label)),
  );
}

// --- choosing ---

function selectRequest(request: number): void {
  view.set({ request: view.get().request === request ? null : request });
}

function selectMode(mode: ColorMode): void {
  view.set({ mode });
}

const modes = new Segmented(byId('color-modes'), COLOR_MODES, (mode) => t().modes[mode], selectMode);
const orders = h(
  'select',
  { 'aria-label': () => t().orderLabel, title: () => t().orderTitle },
  ...ORDER_MODES.map((value) => h('option', { value }, () => t().orders[value])),
);
byId('orders').append(orders);
orders.addEventListener('change', () => view.set({ order: ORDER_MODES[orders.selectedIndex] }));
const scenes = new Segmented(
  byId('scenes'),
  SCENES,
  (scene) => t().scenes[scene],
  (scene) => view.set({ scene }),
);
view.subscribe((now, before) => {
  if (now.mode !== before.mode) restyle();
  if (now.order !== before.order) {
    orders.value = now.order;
    map.arrange(now.order);
  }
  if (now.scene !== before.scene) showScene();
});

function showScene(): void {
  const { scene } = view.get();
  byId('main').dataset.scene = scene;
  for (const name of SCENES) byId(`scene-${name}`).hidden = name !== scene;
  byId('color-modes').hidden = scene !== 'blocks' && scene !== 'compare';
  // A cursor tells its changes once: who was out of sight has missed them.
  map.resized();
  compare.refresh();
  byId('orders').hidden = scene !== 'blocks';
  scenes.show(scene);
}

/** Colours changed: by theme or by mode. */
function restyle(): void {
  palette = readPalette();
  const { mode } = view.get();
  map.restyle(palette, mode);
  timeline.restyle(palette);
  stepTimes.restyle(palette);
  experts.restyle(palette);
  modes.show(mode);
  gantt.restyle(palette);
  compare.restyle(palette, mode);
  drawLegends();
  askFrame();
}

onTheme(restyle);

onLanguage(retell);

function retell(): void {
  const { run } = view.get();
  compare.retell();
  replicaChoice.retell();
  if (run !== null) {
    gpus.retell();
    experts.show(run.recording.header.experts ?? null);
    stepTimes.show(run.recording);
    headline.showTrust(trustOf(run.recording));
  }
  restyle();
}

/** The cursor, where the view says: between two frames it may be behind. */
function cursorNow(): Cursor | undefined {
  const { run, step } = view.get();
  if (run !== null && run.cursor.step !== step) run.cursor.seek(step);
  return run?.cursor;
}
pointAtBlocks(map, view, cursorNow);

/** What the charts of time show, where the cursor is. */
function windowNow(numSteps: number): TimeWindow {
  const { window, step } = view.get();
  return window === null ? { from: 0, to: Math.max(1, numSteps) } : following(window, step, numSteps);
}

/** Shows `factor` times as much time around the cursor. */
function zoomTime(factor: number): void {
  const { run, step } = view.get();
  const numSteps = run?.recording.numSteps ?? 0;
  if (numSteps > 0) view.set({ window: zoomed(windowNow(numSteps), step, factor, numSteps) });
}

const overview = new Overview(byId<HTMLCanvasElement>('overview'), (window) => {
  const { step } = view.get();
  // The window follows the cursor: it comes along.
  view.set({ window, playing: false, step: Math.max(window.from, Math.min(window.to, step)) });
});
const timeBrush = new TimeBrush(timeline, {
  seek: (step) => playback.seek(step),
  brush(one, other) {
    const { run, step } = view.get();
    const window = windowOf(one, other, run?.recording.numSteps ?? 0);
    view.set({ window, step: Math.max(window.from, Math.min(window.to, step)), playing: false });
  },
  zoom: zoomTime,
  whole: () => view.set({ window: null }),
});

// --- keyboard ---

const commands = keyCommands(view, playback, {
  zoomTime,
  zoomMap: (levels) => mapControls.zoomAround(view.get().block, levels),
  wholeMap: () => mapControls.zoomOut(),
  find: () => paletteDialog.open(),
  fork() {
    if (links.isEmbedded) return;
    view.set({ scene: 'compare', playing: false });
    draw();
    compare.fork();
  },
  setUp: () => openEditor(),
});

const paletteDialog = new PaletteDialog(
  commands,
  (query) => {
    const { run, step } = view.get();
    if (run === null) return [];
    return search(query, run.recording, run.events, run.cursor.numBlocks, step);
  },
  show,
);
byId('find').addEventListener('click', () => paletteDialog.open());
new Keyboard(commands);

/** What was searched for, where it can be seen. */
function show(found: Found): void {
  const { run } = view.get();
  if (run === null) return;
  switch (found.kind) {
    case 'request': {
      const { firstScheduledNs, endNs } = run.recording.requests;
      const { startNs } = run.recording.steps;
      view.set({ request: found.request });
      // Where it is not there yet, or not any more: to its first step.
      const now = startNs[Math.max(0, Math.min(run.recording.numSteps - 1, view.get().step))];
      const begins = firstScheduledNs[found.request];
      if (begins > now || endNs[found.request] < now) playback.seek(startNs.indexOf(begins));
      break;
    }
    case 'block':
      view.set({ block: found.block, scene: 'blocks' });
      map.reveal(found.block);
      break;
    case 'step':
      playback.seek(found.step);
      break;
    case 'event':
      view.set({ event: found.event });
      playback.seek(found.step);
      break;
  }
}

// --- files and runs ---

function showGpus(recording: Recording | null): void {
  gpus.show(recording?.header.memory ?? [], recording?.header.allocators);
}

/** Shows a run: what its engines recorded, of which one is looked at. */
function showRun(
  replicas: readonly Recording[],
  index: number,
  name: string,
  source: WhatIfSource | null = null,
): void {
  const recording = replicas[index];
  hideMessage();
  showGpus(recording);
  experts.show(recording.header.experts ?? null);
  whatIf.show(source);
  const cursor = new Cursor(recording);
  const { derived, events } = indexOf(recording);
  map.show(cursor);
  timeline.show(recording, derived);
  stepTimes.show(recording);
  headline.showTrust(trustOf(recording));
  gantt.show(recording);
  details.reset(new BlockLives(recording, cursor.numBlocks));
  compare.show(cursor, name, []);
  const { model = '', gpu = '' } = recording.header.about;
  const { contiguous, vllm } = recording.header;
  const system = contiguous === undefined ? `vLLM ${vllm}` : t().messages.withoutPaging;
  byId('scenario-name').textContent = [name, model, gpu, system].filter((part) => part !== '').join(' · ');
  view.set({
    run: { replicas, recording, cursor, derived, events, source },
    others: [],
    event: events.has(view.get().event) ? view.get().event : (events.keys().next().value ?? 'preempt'),
    step: 0,
    window: null,
    playing: recording.numSteps > 0 && !reducedMotion.matches,
    block: null,
    request: null,
  });
  requestAnimationFrame(restyle);
  prepareJumps(cursor, () => view.get().run?.cursor === cursor);
}

const replicaChoice = new ReplicaChoice(view, showReplica);

/** Another engine of the run, at the same simulated time. */
function showReplica(index: number): void {
  const { run, step, request, others, scene } = view.get();
  if (run === null) return;
  const next = run.replicas[index];
  const at = alignedStep(run.recording, step, next, 'time');
  showRun(run.replicas, index, next.header.name, run.source);
  if (others.length > 0) setOthers(others.map(({ source, replicas }) => otherRun(source, replicas, next)));
  // All engines list the same requests.
  view.set({ step: Math.max(0, at), request, scene, playing: false });
}

/** Simulates a scenario, and goes to where a link says; a run before it is cancelled. */
function simulate(scenario: ScenarioSource, at: Omit<SharedState, 'scenario'> | null = null): void {
  engine.simulate(scenario, (answer) => {
    switch (answer.kind) {
      case 'progress':
        byId('scenario-name').textContent = t().messages.simulating(
          scenario.file,
          Math.floor(answer.share * 100),
          answer.numSteps.toLocaleString('en-US'),
        );
        return;
      case 'recording': {
        const { replicas, sizing, settings } = answer;
        const index = Math.min(at?.replica ?? 0, replicas.length - 1);
        editor.show(scenario, settings);
        showRun(replicas, index, replicas[index].header.name, { scenario, sizing });
        if (at !== null) goTo(at);
        break;
      }
      case 'would-not-start':
        editor.show(scenario, answer.settings);
        showMessage(t().messages.wouldNotStart, [answer.message, answer.advice]);
        if (answer.strips.length > 0) {
          gpus.show(answer.strips);
          whatIf.show({ scenario, sizing: answer.sizing });
          view.set({ scene: 'gpus' });
        }
        break;
      case 'plan':
      case 'merged':
        break;
      case 'problems':
        editor.show(scenario, {});
        showProblems(answer.problems);
        break;
      case 'fault':
        showMessage(t().messages.fault, [answer.message]);
        break;
    }
  });
}

/** Runs the scenarios one after the other, and shows them beside the run that is there. */
function simulateBeside([scenario, ...rest]: readonly ScenarioSource[]): void {
  if (scenario === undefined) return;
  besideEngine.simulate(scenario, (answer) => {
    const { run, others } = view.get();
    if (answer.kind === 'recording' && run !== null) {
      const other = otherRun(scenario, answer.replicas, run.recording);
      setOthers([...others.slice(-(MOST_OTHERS - 1)), other]);
      simulateBeside(rest);
    } else if (answer.kind === 'would-not-start') {
      showMessage(t().messages.wouldNotStart, [answer.message, answer.advice]);
    } else if (answer.kind === 'problems') showProblems(answer.problems);
    else if (answer.kind === 'fault') showMessage(t().messages.fault, [answer.message]);
  });
}

function setOthers(others: readonly OtherRun[]): void {
  const { run } = view.get();
  if (run === null) return;
  compare.show(run.cursor, run.recording.header.name, others);
  view.set({ others, scene: 'compare' });
}

/** What a link says of the view; a mode or a request that there is not is left as it is. */
function goTo({ step, mode, request, others, scene }: Omit<SharedState, 'scenario'>): void {
  const { run } = view.get();
  if (run === null) return;
  const known = COLOR_MODES.find((choice) => choice === mode);
  view.set({
    playing: false,
    step: Math.min(step, run.recording.numSteps),
    request: request !== null && request < run.recording.requestIds.length ? request : null,
    ...(known && { mode: known }),
    scene: SCENES.find((name) => name === scene) ?? 'blocks',
  });
  simulateBeside(others);
}

const links = new Links(view, simulate);
new ShareDialog(
  (room) => links.link(room),
  () => {
    const { run, step } = view.get();
    if (run === null) return null;
    // The map draws only where it can be seen.
    view.set({ scene: 'blocks', playing: false });
    draw();
    const { scenario } = links;
    return {
      recording: run.recording,
      runs: runsShown(),
      map,
      palette,
      caption: pictureCaption,
      scenario: scenario === null ? null : () => engine.merge(scenario),
      drawAt(at) {
        view.set({ step: at });
        draw();
      },
      step,
    };
  },
);

/** The run that is shown, its other engines, and the runs beside it. */
function runsShown(): NamedRun[] {
  const { run, others } = view.get();
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

function pictureCaption(): Caption {
  const { run, step, mode } = view.get();
  return {
    title: byId('scenario-name').textContent,
    text: run === null ? '' : t().live.step(step.toLocaleString('en-US'), sentenceOf(run.recording, step)),
    legend: legendOf(mode, palette),
  };
}

const editor = new Editor((scenario, beside) => {
  if (beside) simulateBeside([scenario]);
  else links.goTo(scenario);
});
byId('set-up').addEventListener('click', () => openEditor());

/** Who embeds the page has chosen what runs. */
function openEditor(beside = false): void {
  if (!links.isEmbedded) editor.open(beside);
}

listenForFiles({
  scenario: (text, file) => links.goTo({ text: scenarioTextOf(text), file, sets: [] }),
  recording(recording) {
    const before = view.get().run;
    try {
      showRun([recording], 0, recording.header.name);
    } catch (error) {
      // What it says of itself cannot be: the run before it stays.
      if (before !== null) {
        const { replicas, source } = before;
        const index = replicas.indexOf(before.recording);
        showRun(replicas, index, before.recording.header.name, source);
      }
      throw error;
    }
    engine.cancel();
    links.leave();
  },
});

new ResizeObserver(() => {
  map.resized();
  askFrame();
  requestAnimationFrame(drawLegends);
}).observe(byId('scene-frame'));

showTexts();
showScene();
restyle();
const isReport = showReport((recording, name, step) => {
  showRun([recording], 0, name);
  if (step > 0) playback.seek(step);
});
if (!isReport) links.start({ text: hello, file: 'hello.pool.yaml', sets: [] });
if (links.isEmbedded) embed(view, playback, links);
