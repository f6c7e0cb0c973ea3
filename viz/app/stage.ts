import type { Cursor } from '../../sim/recording/cursor.ts';
import { grouped } from '../../sim/words.ts';
import { BlockLives } from '../block-life.ts';
import { BlockMap } from '../block-map.ts';
import { Compare, type CompareActions } from '../compare/compare.ts';
import type { OtherRun } from '../compare/other-runs.ts';
import { Details } from '../details.ts';
import { byId } from '../dom.ts';
import { ExpertPanel } from '../expert-panel.ts';
import { Gantt } from '../gantt.ts';
import { GpuPanel } from '../gpu-panel.ts';
import { Headline } from '../headline.ts';
import { MapControls } from '../map/map-controls.ts';
import { type Palette, readPalette } from '../palette.ts';
import { RequestList } from '../request-list.ts';
import type { Caption } from '../share/picture.ts';
import { StateTable } from '../state-table.ts';
import { sentenceOf } from '../step-sentence.ts';
import { trustOf } from '../step-time-panel.ts';
import { StoryPanel } from '../story/story-panel.ts';
import { t } from '../text/text.ts';
import { TimeCharts } from '../time/time-charts.ts';
import { Transport } from '../transport.ts';
import { WhatIf, type WhatIfSource } from '../what-if.ts';
import { blockLegend, Legends } from './legends.ts';
import type { Playback } from './playback.ts';
import { pointAtBlocks } from './point-at-blocks.ts';
import { StepTeller } from './step-teller.ts';
import { type Run, SCENES, type View, type ViewStore } from './view.ts';
import { ViewChoices } from './view-choices.ts';

/** All that shows a run. It is drawn from the view alone, at most once a frame. */
export class Stage {
  readonly map: BlockMap;
  readonly mapControls: MapControls;
  readonly time: TimeCharts;
  readonly compare: Compare;
  private readonly view: ViewStore;
  private palette = readPalette();
  private readonly teller = new StepTeller(() => this.ask());
  private readonly headline: Headline;
  private readonly details: Details;
  private readonly requestList: RequestList;
  private readonly gantt: Gantt;
  /** What the GPUs hold without what-if: in the run, or in the start that failed after it. */
  private showPlanned = () => {};
  private readonly gpus = new GpuPanel(byId('gpu-strips'), byId('gpu-summary'));
  private readonly whatIf: WhatIf;
  private readonly experts: ExpertPanel;
  private readonly stateTable = new StateTable(byId('scene-table'));
  private readonly transport: Transport;
  private readonly legends = new Legends();
  private isAsked = false;

  constructor(view: ViewStore, playback: Playback, actions: Omit<CompareActions, 'goTo' | 'redraw'>) {
    const { palette } = this;
    const ask = () => this.ask();
    const selectRequest = (request: number) =>
      view.set({ request: view.get().request === request ? null : request });
    this.view = view;
    this.map = new BlockMap(byId<HTMLCanvasElement>('map'), palette);
    this.mapControls = new MapControls(this.map, byId('zoom'), ask);
    this.time = new TimeCharts(view, playback, palette, ask);
    this.headline = new Headline(byId('headline'), openStepTimes);
    this.details = new Details(byId('details'), byId('details-title'), {
      request: selectRequest,
      step: (step) => playback.seek(step),
    });
    this.requestList = new RequestList(byId('requests'), selectRequest);
    this.gantt = new Gantt(
      { scroller: byId('gantt-scroll'), canvas: byId('gantt'), legend: byId('gantt-legend') },
      palette,
      { onRequest: selectRequest, redraw: ask },
    );
    this.whatIf = new WhatIf(
      byId('what-if'),
      ({ strips }) => this.gpus.show(strips),
      () => this.showPlanned(),
    );
    this.experts = new ExpertPanel(
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
    this.compare = new Compare(byId('scene-compare'), palette, {
      ...actions,
      goTo: (step) => playback.seek(step),
      redraw: () => {
        this.compare.refresh();
        ask();
      },
    });
    this.transport = new Transport(byId('transport'), playback);
    new StoryPanel(view, playback);
    new ViewChoices(view);
    pointAtBlocks(this.map, view, () => this.cursorNow());
    view.subscribe(ask);
    view.subscribe((now, before) => {
      if (now.mode !== before.mode) this.restyle();
      if (now.order !== before.order) this.map.arrange(now.order);
      if (now.scene !== before.scene) this.showScene();
    });
    new ResizeObserver(() => {
      this.map.resized();
      ask();
    }).observe(byId('scene-frame'));
  }

  get colors(): Palette {
    return this.palette;
  }

  /** Another run. */
  show({ recording, cursor, derived, source }: Omit<Run, 'events'>, name: string): void {
    this.showPlanned = () => this.gpus.show(recording.header.memory ?? [], recording.header.allocators);
    this.showPlanned();
    this.experts.show(recording.header.experts ?? null);
    this.whatIf.show(source);
    this.map.show(cursor);
    this.time.show(recording, derived);
    this.headline.showTrust(trustOf(recording));
    this.gantt.show(recording);
    this.details.reset(new BlockLives(recording, cursor.numBlocks));
    this.compare.show(cursor, name, []);
  }

  /** Other runs beside the one that is shown. */
  showOthers(others: readonly OtherRun[]): void {
    const { run } = this.view.get();
    if (run !== null) this.compare.show(run.cursor, run.recording.header.name, others);
  }

  /** The memory of a start, where there is no run. */
  showStart(strips: Parameters<GpuPanel['show']>[0], about: string, source: WhatIfSource): void {
    this.showPlanned = () => this.gpus.show(strips, [], about);
    this.showPlanned();
    this.whatIf.show(source);
  }

  /** Asks for a frame. */
  ask(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      this.draw();
    });
  }

  draw(): void {
    const view = this.view.get();
    if (view.run !== null) this.drawRun(view, view.run);
    if (this.legends.show(this.map, view, this.palette)) this.ask();
  }

  private drawRun(view: View, run: Run): void {
    const { step, playing, speed, block, request, scene, event } = view;
    const { cursor, recording, derived } = run;
    this.cursorNow();
    const holders = block === null ? [] : cursor.holders(block);
    if (scene === 'blocks') {
      this.map.draw({ block, request, outlined: request === null ? holders : [request] });
      this.mapControls.show();
      if (this.map.isComing) this.ask();
    } else if (scene === 'requests') this.gantt.draw(step, cursor.running(), request, view.window);
    else if (scene === 'compare') this.compare.draw(step, block, request);
    else if (scene === 'table') this.stateTable.draw(cursor);
    const prefix = block === null || scene !== 'blocks' ? null : this.map.prefixOf(block);
    this.time.draw(view);
    this.headline.show(cursor, derived);
    this.transport.showEvents(run.events, event);
    this.transport.show(playing, speed, step, recording.numSteps);
    this.details.show(cursor, block, this.map.blocksPerCell, prefix);
    this.requestList.show(cursor, this.palette, request);
    this.gpus.at(step);
    this.experts.at(step);
    this.teller.show(cursor, playing);
  }

  showScene(): void {
    const { scene } = this.view.get();
    byId('main').dataset.scene = scene;
    for (const name of SCENES) byId(`scene-${name}`).hidden = name !== scene;
    // A cursor tells its changes once: who was out of sight has missed them.
    this.map.resized();
    this.compare.refresh();
  }

  /** Colours changed: by theme or by mode. */
  restyle(): void {
    const palette = readPalette();
    const { mode } = this.view.get();
    this.palette = palette;
    this.map.restyle(palette, mode);
    this.time.restyle(palette);
    this.experts.restyle(palette);
    this.gantt.restyle(palette);
    this.compare.restyle(palette, mode);
    this.ask();
  }

  /** The same in another language. */
  retell(): void {
    const { run } = this.view.get();
    this.compare.retell();
    if (run !== null) {
      this.gpus.retell();
      this.experts.show(run.recording.header.experts ?? null);
      this.time.retell(run.recording);
      this.headline.showTrust(trustOf(run.recording));
    }
    this.restyle();
  }

  /** What goes under a picture of the map. */
  caption(): Caption {
    const view = this.view.get();
    const { run, step } = view;
    return {
      title: byId('scenario-name').textContent,
      text: run === null ? '' : t().live.step(grouped(step), sentenceOf(run.recording, step)),
      legend: blockLegend(view, this.palette),
    };
  }

  /** The cursor, where the view says: between two frames it may be behind. */
  private cursorNow(): Cursor | undefined {
    const { run, step } = this.view.get();
    if (run !== null && run.cursor.step !== step) run.cursor.seek(step);
    return run?.cursor;
  }
}

function openStepTimes(): void {
  const panel = byId<HTMLDetailsElement>('step-times');
  panel.open = true;
  panel.querySelector('summary')?.focus();
}
