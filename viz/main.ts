import hello from '../scenarios/hello.pool.yaml?raw';
import { formatProblem, InputError, type Problem } from '../sim/error.ts';
import { decodeRecording } from '../sim/recording/codec.ts';
import { Cursor } from '../sim/recording/cursor.ts';
import type { Recording } from '../sim/recording/recording.ts';
import { explainAt } from '../sim/report/explain.ts';
import { COLOR_MODES, type ColorMode, legendOf } from './block-colors.ts';
import { BlockMap } from './block-map.ts';
import { type Derived, derive, sentenceOf } from './derived.ts';
import { Details } from './details.ts';
import { byId, h } from './dom.ts';
import { ExpertPanel } from './expert-panel.ts';
import { GpuPanel } from './gpu-panel.ts';
import { Headline, swatch } from './headline.ts';
import { readPalette } from './palette.ts';
import { RequestList } from './request-list.ts';
import { Store } from './store.ts';
import { Timeline } from './timeline.ts';
import { DEFAULT_SPEED, SPEEDS, Transport } from './transport.ts';
import { WhatIf, type WhatIfSource } from './what-if.ts';
import type { WorkerAnswer, WorkerRequest } from './worker.ts';

/** Larger files are refused before they are read. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;
const LARGE_STEP = 10;
/** A frame that comes later is not caught up with: the page was hidden. */
const LONGEST_FRAME_MS = 250;

interface View {
  /** The run that is shown, and where; null until the first one is there. */
  readonly run: { readonly recording: Recording; readonly cursor: Cursor; readonly derived: Derived } | null;
  readonly step: number;
  readonly playing: boolean;
  readonly speed: number;
  readonly mode: ColorMode;
  readonly block: number | null;
  readonly request: number | null;
}

const reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');
const view = new Store<View>({
  run: null,
  step: 0,
  playing: false,
  speed: DEFAULT_SPEED,
  mode: 'request',
  block: null,
  request: null,
});

applyTheme(window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
let palette = readPalette();
const map = new BlockMap(byId<HTMLCanvasElement>('map'), palette);
const timeline = new Timeline(byId<HTMLCanvasElement>('timeline'), palette);
const why = byId<HTMLDetailsElement>('why');
why.addEventListener('toggle', askFrame);
const headline = new Headline(byId('headline'));
const details = new Details(byId('details'), byId('details-title'), selectRequest);
const requestList = new RequestList(byId('requests'), selectRequest);
const gpuDetails = byId<HTMLDetailsElement>('gpus');
const gpus = new GpuPanel(byId('gpu-strips'), byId('gpu-summary'));
const experts = new ExpertPanel(
  {
    panel: byId('experts'),
    summary: byId('expert-summary'),
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
  () => gpus.show(view.get().run?.recording.header.memory ?? []),
);
const transport = new Transport(byId('transport'), { toggle, stepBy, jump, faster });

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
  const { run, step, playing, speed, block, request } = view.get();
  if (run === null) return;
  const { cursor, recording, derived } = run;
  if (cursor.step !== step) cursor.seek(step);
  const holders = block === null ? [] : cursor.holders(block);
  map.draw({ block, request, outlined: request === null ? holders : [request] });
  timeline.draw(step);
  headline.show(cursor, derived);
  transport.show(playing, speed, step, recording.numSteps);
  details.show(cursor, block, map.blocksPerCell);
  requestList.show(cursor, palette, request);
  const sentence = sentenceOf(recording, step);
  byId('sentence').textContent = sentence;
  showReasons(cursor);
  const slider = byId('timeline');
  slider.setAttribute('aria-valuenow', String(step));
  slider.setAttribute('aria-valuemin', '0');
  slider.setAttribute('aria-valuemax', String(recording.numSteps));
  slider.setAttribute('aria-valuetext', `step ${step} of ${recording.numSteps}`);
  announceStep(run, step, playing, sentence);
}

let announced: readonly [unknown, number] = [null, 0];

/** Once per step that one stops at; what the keyboard finds on the map is told in between. */
/** The engine's reasons for this step, while somebody wants to read them. */
function showReasons(cursor: Cursor): void {
  if (!why.open) return;
  const reasons = explainAt(cursor).map(({ text, rule }) => h('li', {}, `${text} `, h('code', {}, rule)));
  byId('reasons').replaceChildren(...reasons);
}

function announceStep(run: unknown, step: number, playing: boolean, sentence: string): void {
  if (playing || (announced[0] === run && announced[1] === step)) return;
  announced = [run, step];
  byId('live').textContent = `Step ${step}. ${sentence}`;
}

function drawLegends(): void {
  const { mode } = view.get();
  const entries = legendOf(mode, palette).map(({ color, label }) => h('span', {}, swatch(color), label));
  if (map.blocksPerCell > 1) entries.push(h('span', {}, `1 cell = ${map.blocksPerCell} blocks`));
  byId('legend').replaceChildren(...entries);
  byId('timeline-legend').replaceChildren(
    ...[
      ['chart-use', 'KV cache in use'],
      ['chart-running', 'running'],
      ['chart-waiting', 'waiting (dashed)'],
      ['chart-preempt', 'preemption'],
    ].map(([token, label]) => h('span', {}, swatch(palette.css(token)), label)),
  );
}

// --- playing ---

let lastTick = 0;
let owed = 0;

function toggle(): void {
  const { run, playing, step } = view.get();
  if (run === null) return;
  const atEnd = step >= run.recording.numSteps;
  view.set({ playing: !playing, step: !playing && atEnd ? 0 : step });
}

view.subscribe((now, before) => {
  if (now.playing && !before.playing) {
    lastTick = performance.now();
    owed = 0;
    requestAnimationFrame(tick);
  }
});

function tick(time: number): void {
  const { run, playing, speed, step } = view.get();
  if (!playing || run === null) return;
  owed += (Math.min(LONGEST_FRAME_MS, Math.max(0, time - lastTick)) / 1000) * speed;
  lastTick = time;
  const steps = Math.floor(owed);
  if (steps > 0) {
    owed -= steps;
    const next = Math.min(run.recording.numSteps, step + steps);
    view.set({ step: next, playing: next < run.recording.numSteps });
  }
  requestAnimationFrame(tick);
}

function seek(step: number): void {
  const { run } = view.get();
  if (run === null) return;
  view.set({ step: Math.max(0, Math.min(run.recording.numSteps, step)), playing: false });
}

function stepBy(steps: number): void {
  seek(view.get().step + steps);
}

function jump(where: 'start' | 'end' | 'previous-preemption' | 'next-preemption'): void {
  const { run, step } = view.get();
  if (run === null) return;
  const { numSteps } = run.recording;
  if (where === 'start') {
    seek(0);
    return;
  }
  if (where === 'end') {
    seek(numSteps);
    return;
  }
  const { preemptions } = run.derived;
  const direction = where === 'next-preemption' ? 1 : -1;
  for (let at = step + direction; at >= 0 && at < numSteps; at += direction) {
    if (preemptions[at] === (at === 0 ? 0 : preemptions[at - 1])) continue;
    seek(at);
    return;
  }
}

function faster(by: 1 | -1): void {
  const at = SPEEDS.indexOf(view.get().speed) + by;
  if (at >= 0 && at < SPEEDS.length) view.set({ speed: SPEEDS[at] });
}

// --- choosing ---

function selectRequest(request: number): void {
  view.set({ request: view.get().request === request ? null : request });
}

function selectMode(mode: ColorMode): void {
  view.set({ mode });
}

const modes = byId('color-modes');
for (const { mode, label } of COLOR_MODES) {
  modes.append(
    h('button', { type: 'button', role: 'radio', 'data-mode': mode, onclick: () => selectMode(mode) }, label),
  );
}
modes.addEventListener('keydown', (event) => {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const at = COLOR_MODES.findIndex(({ mode }) => mode === view.get().mode);
  selectMode(COLOR_MODES[(at + by + COLOR_MODES.length) % COLOR_MODES.length].mode);
  modes.querySelector<HTMLElement>('[aria-checked="true"]')?.focus();
});
view.subscribe((now, before) => {
  if (now.mode !== before.mode) restyle();
});

/** Colours changed: by theme or by mode. */
function restyle(): void {
  palette = readPalette();
  const { mode } = view.get();
  map.restyle(palette, mode);
  timeline.restyle(palette);
  experts.restyle(palette);
  for (const button of modes.children) {
    const checked = (button as HTMLElement).dataset.mode === mode;
    button.setAttribute('aria-checked', String(checked));
    (button as HTMLElement).tabIndex = checked ? 0 : -1;
  }
  drawLegends();
  askFrame();
}

function applyTheme(theme: 'light' | 'dark'): void {
  document.documentElement.dataset.theme = theme;
}
byId('theme').addEventListener('click', () => {
  applyTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
  restyle();
});

map.canvas.addEventListener('pointermove', (event) => {
  if (event.pointerType !== 'touch') view.set({ block: map.blockAt(event.offsetX, event.offsetY) });
});
map.canvas.addEventListener('pointerdown', (event) => {
  const block = map.blockAt(event.offsetX, event.offsetY);
  const { run } = view.get();
  const owner = block === null || run === null ? undefined : run.cursor.holders(block)[0];
  view.set({ block, request: owner ?? null });
});
map.canvas.addEventListener('keydown', (event) => {
  const { run, block } = view.get();
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -map.columns, ArrowDown: map.columns }[event.key];
  if (by === undefined || run === null || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation();
  const next = block === null ? 0 : block + by * map.blocksPerCell;
  if (next < 0 || next >= run.cursor.numBlocks) return;
  view.set({ block: next });
  const owners = run.cursor.holders(next).map((request) => run.recording.requestIds[request]);
  byId('live').textContent = `Block ${next}, ${owners.length > 0 ? `held by ${owners.join(', ')}` : 'free'}`;
});

const slider = byId<HTMLCanvasElement>('timeline');
slider.addEventListener('pointerdown', (event) => {
  slider.setPointerCapture(event.pointerId);
  seek(timeline.stepAt(event.offsetX));
});
slider.addEventListener('pointermove', (event) => {
  if (slider.hasPointerCapture(event.pointerId)) seek(timeline.stepAt(event.offsetX));
});

// --- keyboard ---

const KEYS: readonly { key: string; shown: string; what: string; act: (event: KeyboardEvent) => void }[] = [
  { key: ' ', shown: 'space', what: 'play or pause', act: toggle },
  {
    key: 'ArrowLeft',
    shown: '←',
    what: 'one step back (with shift: ten)',
    act: (e) => stepBy(e.shiftKey ? -LARGE_STEP : -1),
  },
  {
    key: 'ArrowRight',
    shown: '→',
    what: 'one step on (with shift: ten)',
    act: (e) => stepBy(e.shiftKey ? LARGE_STEP : 1),
  },
  { key: 'Home', shown: 'Home', what: 'to the start', act: () => jump('start') },
  { key: 'End', shown: 'End', what: 'to the end', act: () => jump('end') },
  { key: ',', shown: ',', what: 'previous preemption', act: () => jump('previous-preemption') },
  { key: '.', shown: '.', what: 'next preemption', act: () => jump('next-preemption') },
  { key: '[', shown: '[', what: 'slower', act: () => faster(-1) },
  { key: ']', shown: ']', what: 'faster', act: () => faster(1) },
  ...COLOR_MODES.map(({ mode, label }, i) => ({
    key: String(i + 1),
    shown: String(i + 1),
    what: `colour blocks by ${label.toLowerCase()}`,
    act: () => selectMode(mode),
  })),
  {
    key: 'Escape',
    shown: 'Esc',
    what: 'nothing selected',
    act: () => {
      hideMessage();
      view.set({ block: null, request: null });
    },
  },
  { key: '?', shown: '?', what: 'this list', act: showHelp },
];

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || helpDialog.open) return;
  // A focused button keeps its own space and enter.
  if (event.key === ' ' && (event.target as Element).closest('button, summary') !== null) return;
  const binding = KEYS.find(({ key }) => key === event.key);
  if (!binding) return;
  event.preventDefault();
  binding.act(event);
});

const helpDialog = byId<HTMLDialogElement>('help-dialog');
helpDialog.append(
  h('h2', {}, 'Keyboard'),
  h('dl', {}, ...KEYS.flatMap(({ shown, what }) => [h('dt', {}, h('kbd', {}, shown)), h('dd', {}, what)])),
  h('p', {}, 'With the map focused, the arrow keys move from block to block.'),
  h('p', {}, h('button', { type: 'button', class: 'button', onclick: () => helpDialog.close() }, 'Close')),
);
function showHelp(): void {
  helpDialog.showModal();
}
byId('help').addEventListener('click', showHelp);

// --- files and runs ---

let worker: Worker | null = null;

function showRun(recording: Recording, name: string, source: WhatIfSource | null = null): void {
  hideMessage();
  gpus.show(recording.header.memory ?? []);
  experts.show(recording.header.experts ?? null);
  whatIf.show(source);
  const cursor = new Cursor(recording);
  const derived = derive(recording);
  map.show(cursor);
  timeline.show(recording, derived);
  const { model = '', gpu = '' } = recording.header.about;
  const { contiguous, vllm } = recording.header;
  const system = contiguous === undefined ? `vLLM ${vllm}` : 'without paging';
  byId('scenario-name').textContent = [name, model, gpu, system].filter((part) => part !== '').join(' · ');
  view.set({
    run: { recording, cursor, derived },
    step: 0,
    playing: recording.numSteps > 0 && !reducedMotion.matches,
    block: null,
    request: null,
  });
  requestAnimationFrame(restyle);
}

/** Simulates a scenario in a worker of its own; a run before it is cancelled. */
function simulate(text: string, file: string): void {
  worker?.terminate();
  const current = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker = current;
  current.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
    switch (data.kind) {
      case 'progress':
        byId('scenario-name').textContent =
          `simulating ${file}: ${Math.floor(data.share * 100)} %, ${data.numSteps.toLocaleString('en-US')} steps`;
        return;
      case 'recording':
        showRun(data.recording, data.recording.header.name, { text, file, sizing: data.sizing });
        break;
      case 'would-not-start':
        showMessage('vLLM would not start', [data.message, data.advice]);
        if (data.strips.length > 0) {
          gpus.show(data.strips);
          whatIf.show({ text, file, sizing: data.sizing });
          gpuDetails.open = true;
        }
        break;
      case 'plan':
        break;
      case 'problems':
        showProblems(data.problems);
        break;
      case 'fault':
        showMessage('A fault in Poolscope', [data.message]);
        break;
    }
    current.terminate();
  };
  current.onerror = () => showMessage('A fault in Poolscope', ['the simulation could not be started']);
  current.postMessage({ ask: 'run', text, file } satisfies WorkerRequest);
}

async function openFile(file: File): Promise<void> {
  if (file.size > MAX_FILE_BYTES) {
    showMessage('This file cannot be opened', [
      `${file.name} is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB`,
    ]);
    return;
  }
  if (/\.(ya?ml|json)$/i.test(file.name)) {
    simulate(await file.text(), file.name);
    return;
  }
  try {
    worker?.terminate();
    const recording = decodeRecording(new Uint8Array(await file.arrayBuffer()), file.name);
    showRun(recording, recording.header.name);
  } catch (error) {
    if (error instanceof InputError) showProblems(error.problems);
    else showMessage('This file cannot be opened', [error instanceof Error ? error.message : String(error)]);
  }
}

function showProblems(problems: readonly Problem[]): void {
  showMessage('This file cannot be opened', problems.map(formatProblem));
}

function showMessage(title: string, lines: readonly string[]): void {
  const message = byId('message');
  message.replaceChildren(
    h('h2', {}, title),
    h('pre', {}, lines.join('\n')),
    h('button', { type: 'button', class: 'button', onclick: hideMessage }, 'Close'),
  );
  message.hidden = false;
}

function hideMessage(): void {
  byId('message').hidden = true;
}

const fileInput = byId<HTMLInputElement>('file');
byId('open').addEventListener('click', () => fileInput.click());
fileInput.addEventListener('change', () => {
  const [file] = fileInput.files ?? [];
  if (file) void openFile(file);
  fileInput.value = '';
});
const dropHint = byId('drop-hint');
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  dropHint.hidden = false;
});
document.addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) dropHint.hidden = true;
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  dropHint.hidden = true;
  const [file] = event.dataTransfer?.files ?? [];
  if (file) void openFile(file);
});

document.addEventListener('paste', (event) => {
  const [file] = event.clipboardData?.files ?? [];
  const text = event.clipboardData?.getData('text/plain') ?? '';
  if (file) void openFile(file);
  else if (text.trim() !== '') simulate(text, 'pasted.pool.yaml');
});

new ResizeObserver(() => {
  map.resized();
  askFrame();
  requestAnimationFrame(drawLegends);
}).observe(map.canvas);

restyle();
simulate(hello, 'hello.pool.yaml');
