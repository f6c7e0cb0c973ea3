import { defineConfig } from 'vite';

/** The command line in one file each, dependencies included: it starts fast and needs no node_modules. */
export default defineConfig({
  build: {
    ssr: true,
    outDir: 'dist/cli',
    target: 'node20',
    emptyOutDir: true,
    rollupOptions: {
      input: { poolscope: 'cli/poolscope.ts' },
      output: { entryFileNames: '[name].js', banner: '#!/usr/bin/env node' },
    },
  },
  ssr: { noExternal: true },
  logLevel: 'warn',
});
