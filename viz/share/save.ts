import { exportChromeTrace } from '../../sim/export/chrome-trace.ts';
import { exportCsv } from '../../sim/export/csv.ts';
import { exportJson } from '../../sim/export/json.ts';
import { encodeRecording } from '../../sim/recording/codec.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import type { BlockMap } from '../block-map.ts';
import type { Palette } from '../palette.ts';
import { type NamedRun, reportOf } from '../report/save-report.ts';
import { t } from '../text/text.ts';
import { openInPerfetto } from './perfetto.ts';
import { type Caption, drawPicture, svgPicture } from './picture.ts';

/** What is saved. */
export interface SaveSource {
  readonly recording: Recording;
  /** All that is shown: it first, then the other engines and the runs beside it. */
  readonly runs: readonly NamedRun[];
  readonly map: BlockMap;
  readonly palette: Palette;
  caption(): Caption;
  /** The scenario as a file that gives the same run; null: a recording, of which none is known. */
  readonly scenario: (() => Promise<string>) | null;
  readonly step: number;
  /** Goes to a step and draws it at once. */
  drawAt(step: number): void;
}

export interface Save {
  readonly name: keyof typeof ABOUT;
  readonly extension: string;
  /** null: it cannot be made of this. */
  make(source: SaveSource): Promise<Blob | null>;
  /** In place of saving it: whether another page took it. */
  open?(blob: Blob, title: string): Promise<boolean>;
}

/** Kind of file → what it is called where that is a name, and what it is. */
const ABOUT = {
  png: () => ['PNG', t().share.png],
  svg: () => ['SVG', t().share.svg],
  gif: () => ['GIF', t().share.gif(GIF_FRAMES)],
  recording: () => [t().share.recording, t().share.recordingIs],
  scenario: () => [t().share.scenario, t().share.scenarioIs],
  csv: () => ['CSV', t().share.csv],
  json: () => ['JSON', t().share.json],
  trace: () => [t().share.trace, t().share.traceIs],
  perfetto: () => ['Perfetto', t().share.perfetto],
  report: () => [t().share.report, t().share.reportIs],
} as const;

export const labelOf = ({ name }: Save): string => ABOUT[name]()[0];
export const whatOf = ({ name }: Save): string => ABOUT[name]()[1];

const GIF_FRAMES = 60;
const GIF_DELAY_MS = 120;

const TRACE: Save = {
  name: 'trace',
  extension: 'trace.json',
  make: async ({ recording }) => new Blob([...exportChromeTrace(recording)], { type: 'application/json' }),
};

export const SAVES: readonly Save[] = [
  {
    name: 'png',
    extension: 'png',
    make: ({ map, palette, caption }) =>
      new Promise((done) => drawPicture(map, palette, caption()).toBlob(done, 'image/png')),
  },
  {
    name: 'svg',
    extension: 'svg',
    async make({ map, palette, caption }) {
      const svg = svgPicture(map, palette, caption());
      return svg === null ? null : new Blob([svg], { type: 'image/svg+xml' });
    },
  },
  {
    name: 'gif',
    extension: 'gif',
    async make(source) {
      const { Gif } = await import('./gif.ts');
      const gif = new Gif();
      const last = Math.min(source.recording.numSteps, source.step + GIF_FRAMES);
      for (let step = source.step; step < last; step++) {
        source.drawAt(step);
        gif.add(drawPicture(source.map, source.palette, source.caption()), GIF_DELAY_MS);
        // The page stays usable in between.
        await new Promise((done) => setTimeout(done));
      }
      source.drawAt(source.step);
      return last > source.step ? new Blob([gif.bytes()], { type: 'image/gif' }) : null;
    },
  },
  {
    name: 'recording',
    extension: 'poolrec',
    make: async ({ recording }) => new Blob([encodeRecording(recording) as Uint8Array<ArrayBuffer>]),
  },
  {
    name: 'scenario',
    extension: 'pool.yaml',
    make: async ({ scenario }) =>
      scenario === null ? null : new Blob([await scenario()], { type: 'text/yaml' }),
  },
  {
    name: 'csv',
    extension: 'csv',
    make: async ({ recording }) => new Blob([...exportCsv(recording)], { type: 'text/csv' }),
  },
  {
    name: 'json',
    extension: 'json',
    make: async ({ recording }) => new Blob([...exportJson(recording)], { type: 'application/json' }),
  },
  TRACE,
  { ...TRACE, name: 'perfetto', open: openInPerfetto },
  {
    name: 'report',
    extension: 'html',
    make: ({ caption, runs }) => reportOf(caption().title, runs),
  },
];

/** Hands the bytes to the browser as a download. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A name that every file system takes. */
export function fileName(name: string, extension: string): string {
  const plain = name
    .slice(0, 80)
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[-.]+|-+$/g, '');
  return `${plain || 'run'}.${extension}`;
}
