import { chmodSync } from 'node:fs';
import { defineConfig } from 'vite';

/**
 * The command line in a few files, dependencies included: it starts fast and needs no node_modules.
 * With --mode bench or --mode budgets the benchmarks in the same way, with --mode fit the fit of the step time.
 */
export default defineConfig(({ mode }) => {
  const isTool = mode === 'bench' || mode === 'budgets' || mode === 'fit';
  const folder = mode === 'fit' ? 'fit' : 'bench';
  const name = isTool ? mode : 'poolscope';
  const input: Record<string, string> = isTool
    ? { [name]: `test/${folder}/${mode}.ts` }
    : {
        poolscope: 'cli/poolscope.ts',
        'sweep-worker': 'cli/sweep/worker.ts',
        // Tinypool starts its threads with this file, which it expects beside its own.
        'entry/worker': 'node_modules/tinypool/dist/entry/worker.js',
      };
  const outDir = isTool ? `dist/${mode}` : 'dist/cli';
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
    ssr: { noExternal: true },
    plugins: [{ name: 'executable', closeBundle: () => chmodSync(`${outDir}/${name}.js`, 0o755) }],
    logLevel: 'warn',
  };
});
