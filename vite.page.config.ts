import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The inspector's page: built into the package, so that nothing is fetched when it runs. */
export default defineConfig({
  root: here('./src/inspector/page'),
  base: './',
  cacheDir: here('./node_modules/.vite-page'),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: here('./dist/src/inspector/page-dist'),
    emptyOutDir: true,
    license: { fileName: 'THIRD_PARTY_LICENSES.md' },
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1_700,
    rolldownOptions: {
      input: [here('./src/inspector/page/index.html'), here('./src/inspector/page/stately.html')],
    },
  },
});
