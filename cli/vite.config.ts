import { chmodSync } from 'node:fs';
import { defineConfig } from 'vite';

/** What is built in each mode: files of the folder dist/NAME, and where each begins. The first is executable. */
const MODES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cli: {
    poolscope: 'cli/main.ts',
    'run-thread': 'cli/run-thread.ts',
    'sweep-worker': 'cli/sweep/worker.ts',
    // Tinypool starts its threads with this file, which it expects beside its own.
    'entry/worker': 'node_modules/tinypool/dist/entry/worker.js',
  },
  action: { index: 'cli/action/action.ts' },
  bench: { bench: 'test/bench/bench.ts' },
  budgets: { budgets: 'test/bench/budgets.ts' },
  'page-budgets': { page: 'test/bench/page.ts' },
  fit: { fit: 'test/fit/fit.ts' },
  screenshots: { screenshots: 'test/viz/screenshots.ts' },
};

/**
 * The command line in a few files, dependencies included: it starts fast and needs no node_modules. With --mode the
 * GitHub Action, the benchmarks, the budgets and the fit of the step time in the same way.
 */
export default defineConfig(({ mode }) => {
  const target = Object.hasOwn(MODES, mode) ? mode : 'cli';
  const input = MODES[target];
  const [name] = Object.keys(input);
  const outDir = `dist/${target}`;
  return {
    build: {
      ssr: true,
      outDir,
      target: 'node20',
      emptyOutDir: true,
      rollupOptions: {
        input,
        output: {
          entryFileNames: '[name].js',
          chunkFileNames: '[name].js',
          banner: (chunk) => (chunk.name === name ? '#!/usr/bin/env node' : ''),
        },
      },
    },
    // Of BullMQ and Redis nothing is needed unless a sweep goes over a queue: users install them then.
    ssr: {
      noExternal: true,
      external: ['bullmq', 'ioredis', 'playwright-core', 'vite', 'playwright-core', 'vite'],
    },
    plugins: [{ name: 'executable', closeBundle: () => chmodSync(`${outDir}/${name}.js`, 0o755) }],
    logLevel: 'warn',
  };
});
