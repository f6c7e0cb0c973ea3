import { availableParallelism } from 'node:os';
import { defineConfig } from 'vite';
import { offline } from './viz/offline/plugin.ts';
import { reportTemplate } from './viz/report/plugin.ts';

const BROWSER_TESTS = 'test/**/*.browser.test.ts';

/** The page: static files that work from any folder and ask for nothing beyond themselves. */
export default defineConfig({
  base: './',
  build: { outDir: 'dist/web', target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  plugins: [reportTemplate(), offline()],
  // What only workers import. Found late, it would load the page of `npm run dev` a second time, in the midst of its run.
  optimizeDeps: { include: ['seedrandom/lib/alea', 'valibot', 'yaml'] },
  worker: {
    format: 'es',
    // The engine and what else every scenario needs are a file each. In more of them, which would be asked for only as
    // those before are read, the first picture would have to wait.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'engine', test: /viz\/worker\/run\.ts$|rolldown\/runtime/, priority: 2 },
            { name: 'scenario', test: /viz\/worker\//, priority: 1 },
          ],
        },
      },
    },
  },
  test: {
    // For what hangs, on the busiest machine: how fast something is, benchmarks tell.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // As long as what waits for the page by itself.
    expect: { poll: { timeout: 30_000 } },
    // Most tests wait for a browser or another process now and then: no core is kept back.
    maxWorkers: availableParallelism(),
    projects: [
      {
        extends: true,
        test: { name: 'browser', include: [BROWSER_TESTS], globalSetup: 'test/viz/built-site.ts' },
      },
      { extends: true, test: { name: 'node', include: ['test/**/*.test.ts'], exclude: [BROWSER_TESTS] } },
    ],
  },
} as import('vitest/config').ViteUserConfig);
