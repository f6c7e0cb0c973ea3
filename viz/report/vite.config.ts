import { createHash } from 'node:crypto';
import { defineConfig, type Plugin } from 'vite';

/**
 * The page as the template of a report: one file that a double click opens, with nothing to load. The html reporter puts
 * results and recordings where the comments are.
 */
export default defineConfig({
  root: '.',
  base: './',
  build: {
    outDir: 'dist/report',
    target: 'es2023',
    assetsInlineLimit: 100_000,
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: { output: { codeSplitting: false } },
  },
  plugins: [withoutWorkers(), inOneFile()],
  logLevel: 'warn',
});

/** Browsers start no workers for a page that was opened from a file. */
function withoutWorkers(): Plugin {
  return {
    name: 'without-workers',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (!/\/start-worker\.ts$/.test(source) || importer === undefined) return null;
      return this.resolve('/viz/report/start-worker.ts', undefined, { skipSelf: true });
    },
    transformIndexHtml: {
      order: 'pre',
      handler: (html) =>
        // A report has no course.
        html
          .replace('./viz/start.ts', './viz/main.ts')
          .replace('</head>', '<link rel="stylesheet" href="./viz/report/report.css" /></head>'),
    },
  };
}

function inOneFile(): Plugin {
  return {
    name: 'in-one-file',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = bundle['index.html'];
      if (page?.type !== 'asset') throw new Error('there is no page');
      let html = String(page.source);
      const hashes: Record<'script' | 'style', string[]> = { script: [], style: [] };
      const inline = (kind: 'script' | 'style', content: string): string => {
        hashes[kind].push(`'sha256-${createHash('sha256').update(content).digest('base64')}'`);
        return kind === 'script' ? `<script type="module">${content}</script>` : `<style>${content}</style>`;
      };
      for (const [name, part] of Object.entries(bundle)) {
        const isScript = part.type === 'chunk';
        if (name.endsWith('.svg')) {
          const source = (part as { source: string | Uint8Array }).source;
          const url = `data:image/svg+xml;base64,${Buffer.from(source).toString('base64')}`;
          html = html.replaceAll(`./${name}`, url);
          delete bundle[name];
        }
        if (!isScript && !name.endsWith('.css')) continue;
        const content = isScript ? part.code.replaceAll('</script', '<\\/script') : String(part.source);
        const tag = isScript ? 'script[^>]*src' : 'link[^>]*href';
        const pattern = new RegExp(`<${tag}="\\./${name.replaceAll('.', '\\.')}"[^>]*>(</script>)?`);
        if (!pattern.test(html)) throw new Error(`the page does not name ${name}`);
        html = html.replace(pattern, () => inline(isScript ? 'script' : 'style', content));
        delete bundle[name];
      }
      const policy = [
        "default-src 'none'",
        `script-src ${hashes.script.join(' ')}`,
        `style-src ${hashes.style.join(' ')}`,
        'img-src data: blob:',
        "base-uri 'none'",
        "form-action 'none'",
      ].join('; ');
      html = html
        .replace(/(http-equiv="Content-Security-Policy"\s+content=")[^"]*/, (_, start) => start + policy)
        .replace('<html ', '<html class="report" ')
        .replace('<body>', '<body>\n<!--results-->')
        .replace('</body>', '<!--runs-->\n</body>');
      delete bundle['index.html'];
      this.emitFile({ type: 'asset', fileName: 'report.html', source: html });
      const left = Object.keys(bundle).filter((name) => name !== 'report.html');
      if (left.length > 0) throw new Error(`not in the file: ${left.join(', ')}`);
    },
  };
}
