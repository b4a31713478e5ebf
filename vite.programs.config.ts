import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The files that Node is started with. `cli/pawl` is one so that `cli/main` stays a few lines, whatever loads it. */
const PROGRAMS = [
  'cli/main',
  'cli/pawl',
  'host/main',
  'host/verification-worker',
  'adapters/agents/scripted-worker',
  'adapters/agents/acp-worker',
  'adapters/agents/opencode-plugin',
  'adapters/agents/tool-hook',
  'prove/matrix-worker',
];

/**
 * The programs, each over its module of the build: what it loads is in few files, as every start of a program pays for each file that it opens.
 * Packages are loaded as they are installed.
 */
export default defineConfig({
  build: {
    ssr: true,
    outDir: here('./dist/src'),
    emptyOutDir: false,
    copyPublicDir: false,
    target: 'node20',
    minify: false,
    rolldownOptions: {
      input: Object.fromEntries(PROGRAMS.map((name) => [name, here(`./src/${name}.ts`)])),
      external: /^[^./]/,
      // Names that stay the same from build to build: a program that runs on while it is replaced still finds what it loads late.
      output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js', minifyInternalExports: false },
    },
  },
});
