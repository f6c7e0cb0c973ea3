import { chmodSync } from 'node:fs';
import { defineConfig } from 'vite';

/**
 * The command line in one file, dependencies included: it starts fast and needs no node_modules.
 * With --mode bench or --mode budgets the benchmarks in the same way, with --mode fit the fit of the step time.
 */
export default defineConfig(({ mode }) => {
  const isTool = mode === 'bench' || mode === 'budgets' || mode === 'fit';
  const folder = mode === 'fit' ? 'fit' : 'bench';
  const [name, entry] = isTool ? [mode, `test/${folder}/${mode}.ts`] : ['poolscope', 'cli/poolscope.ts'];
  const outDir = isTool ? `dist/${mode}` : 'dist/cli';
  return {
    build: {
      ssr: true,
      outDir,
      target: 'node20',
      emptyOutDir: true,
      rollupOptions: {
        input: { [name]: entry },
        output: { entryFileNames: '[name].js', banner: '#!/usr/bin/env node' },
      },
    },
    ssr: { noExternal: true },
    plugins: [{ name: 'executable', closeBundle: () => chmodSync(`${outDir}/${name}.js`, 0o755) }],
    logLevel: 'warn',
  };
});
