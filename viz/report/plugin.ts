import { fileURLToPath } from 'node:url';
import { build, type Plugin, type Rollup } from 'vite';

const CONFIG = fileURLToPath(new URL('vite.config.ts', import.meta.url));

/** Puts the template of reports beside the page, which fills it when somebody saves a run as one. */
export function reportTemplate(): Plugin {
  return {
    name: 'report-template',
    apply: 'build',
    async generateBundle() {
      const made = (await build({ configFile: CONFIG, build: { write: false } })) as Rollup.RollupOutput;
      const template = made.output.find(({ fileName }) => fileName === 'report.html');
      if (template?.type !== 'asset') throw new Error('there is no template');
      this.emitFile({ type: 'asset', fileName: 'report.html', source: template.source });
    },
  };
}
