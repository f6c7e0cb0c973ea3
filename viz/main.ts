import hello from '../scenarios/hello.pool.yaml?raw';
import type { ScenarioSource } from '../sim/share/fragment.ts';
import { Keyboard } from './app/commands.ts';
import { embed } from './app/embed.ts';
import { listenForFiles } from './app/files.ts';
import { keyCommands } from './app/key-commands.ts';
import { onLanguage } from './app/language.ts';
import { Links } from './app/links.ts';
import { Playback } from './app/playback.ts';
import { reveal } from './app/reveal.ts';
import { Runs } from './app/runs.ts';
import { Stage } from './app/stage.ts';
import { onTheme } from './app/theme.ts';
import { canSwitch, makeView } from './app/view.ts';
import { byId } from './dom.ts';
import { Editor } from './editor/editor.ts';
import { scenarioTextOf } from './editor/pasted.ts';
import { keepForOffline } from './offline/register.ts';
import { PaletteDialog } from './palette-dialog.ts';
import { showReport } from './report/report-runs.ts';
import { search } from './search.ts';
import type { SaveSource } from './share/save.ts';
import { ShareDialog } from './share/share-dialog.ts';
import { showTexts } from './text/text.ts';

/* The playground: its parts, and what they ask of each other. */

const view = makeView();
const playback = new Playback(view);

const stage = new Stage(view, playback, {
  add: () => openEditor(true),
  remove(other) {
    links.keep();
    runs.setOthers(view.get().others.filter((run) => run !== other));
  },
  addWith,
  canAdd: () => links.scenario !== null,
  alone: ({ source }) => links.goTo(source),
  canFork() {
    const { run } = view.get();
    return links.scenario !== null && run !== null && canSwitch(run);
  },
  valueOf: (path) => editor.valueOf(path),
  fork(set) {
    const { run, step } = view.get();
    if (run !== null) addWith([`fork.at-step=${Math.min(step, run.recording.numSteps - 1)}`, set]);
  },
});
const runs = new Runs(view, stage, (scenario, settings) => {
  editor.show(scenario, settings);
  keepForOffline();
});
const links = new Links(view, (scenario, at) => runs.simulate(scenario, at));
const editor = new Editor((scenario, beside) => {
  if (beside) addBeside(scenario);
  else links.goTo(scenario);
});
new ShareDialog((room) => links.link(room), saveSource);

const commands = keyCommands(view, playback, {
  zoomTime: (factor) => stage.time.zoom(factor),
  zoomMap: (levels) => stage.mapControls.zoomAround(view.get().block, levels),
  wholeMap: () => stage.mapControls.zoomOut(),
  find: () => paletteDialog.open(),
  fork() {
    if (links.isEmbedded) return;
    view.set({ scene: 'compare', playing: false });
    stage.draw();
    stage.compare.fork();
  },
  setUp: () => openEditor(),
});
const paletteDialog = new PaletteDialog(
  commands,
  (query) => {
    const { run, step } = view.get();
    if (run === null) return [];
    return search(query, run.recording, run.events, run.cursor, step);
  },
  (found) => reveal(found, view, playback, stage.map),
);
new Keyboard(commands);
byId('find').addEventListener('click', () => paletteDialog.open());
byId('set-up').addEventListener('click', () => openEditor());

onTheme(() => stage.restyle());
onLanguage(() => {
  runs.retell();
  stage.retell();
});
listenForFiles({
  scenario: (text, file) => links.goTo({ text: scenarioTextOf(text), file, sets: [] }),
  recording(recording) {
    runs.open(recording);
    links.leave();
  },
});

showTexts();
stage.showScene();
stage.restyle();
const isReport = showReport((recording, name, step) => {
  runs.show([recording], 0, name);
  if (step > 0) playback.seek(step);
});
if (!isReport) links.start({ text: hello, file: 'hello.pool.yaml', sets: [] });
if (links.isEmbedded) embed(view, playback, links);

/** Who embeds the page has chosen what runs. */
function openEditor(beside = false): void {
  if (!links.isEmbedded) editor.open(beside);
}

/** A run beside the one that is there, with these fields set over its scenario. */
function addWith(sets: readonly string[]): void {
  const { scenario } = links;
  if (scenario !== null) addBeside({ ...scenario, sets: [...scenario.sets, ...sets] });
}

function addBeside(scenario: ScenarioSource): void {
  links.keep();
  runs.simulateBeside([scenario]);
}

/** What can be saved of the view; null where there is no run yet. */
function saveSource(): SaveSource | null {
  const { run, step } = view.get();
  if (run === null) return null;
  // The map draws only where it can be seen.
  view.set({ scene: 'blocks', playing: false });
  stage.draw();
  const { scenario } = links;
  return {
    recording: run.recording,
    runs: runs.named(),
    map: stage.map,
    palette: stage.colors,
    caption: () => stage.caption(),
    scenario: scenario === null ? null : () => runs.merge(scenario),
    drawAt(at) {
      view.set({ step: at });
      stage.draw();
    },
    step,
  };
}
