import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type EnvironmentOptions, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const OUT = here('./dist/src');

/**
 * What Node is started with, besides the commands of `pawl`: one file each, with all that it needs. A start opens that file alone, and
 * nothing is loaded late that could have been replaced since.
 */
const ALONE = [
  'cli/main',
  'cli/mcp-program',
  'host/main',
  'host/verification-worker',
  'adapters/agents/scripted-worker',
  'adapters/agents/acp-worker',
  'adapters/agents/opencode-plugin',
  'adapters/agents/tool-hook',
  'prove/matrix-worker',
  'prove/daemon/small-files',
];

/** The commands of `pawl`, loaded by `cli/main`: the file that it opens first, and chunks that only some commands load. */
const PAWL = 'cli/pawl';

const commands = (names: string): RegExp => new RegExp(`/src/cli/commands/(?:${names})\\.ts$`);

/** Which of our modules share a chunk, each with all that it imports and that no chunk before it holds. The rest is split as it is loaded. */
const CHUNKS = [
  { name: 'pawl', test: /\/src\/(?:cli\/(?:pawl|commands\/status)|client\/request-path)\.ts$/, priority: 4 },
  { name: 'machine', test: /\/src\/(?:cli\/machine-status|client\/daemon-run-reader)\.ts$/, priority: 3 },
  { name: 'program', test: /\/src\/cli\/(?:program|command-table)\.ts$/, priority: 2 },
  { name: 'drive', test: commands('run|intake|validate|recover|resolve|approve|new|clean|demo'), priority: 1 },
];

/** Programs that are files of their own for those that load them. */
const APART: Readonly<Record<string, string>> = { 'pawl.ts': './pawl.js', 'mcp-program.ts': '../cli/mcp-program.js' };

const environmentNameOf = (program: string): string => program.replaceAll(/\W/g, '_');
const licencesOf = (program: string): string => `licences-${environmentNameOf(program)}.json`;

/** `cli/main` and the commands load each other's programs by their built names. */
function apart(): Plugin {
  const programs = [environmentNameOf('cli/main'), environmentNameOf(PAWL)];
  return {
    name: 'pawl:apart',
    enforce: 'pre',
    applyToEnvironment: ({ name }) => programs.includes(name),
    resolveId(source, importer) {
      const id = APART[source.replace(/^\.\//, '')];
      return id === undefined || importer === undefined ? null : { id, external: true };
    },
  };
}

function environmentOf(program: string): EnvironmentOptions {
  return {
    consumer: 'server',
    resolve: {
      noExternal: true,
      // Asked for by ws, which goes without.
      external: ['bufferutil', 'utf-8-validate'],
      conditions: ['node'],
    },
    build: {
      ssr: true,
      outDir: OUT,
      emptyOutDir: false,
      copyPublicDir: false,
      target: 'node20',
      minify: false,
      sourcemap: true,
      reportCompressedSize: false,
      license: { fileName: licencesOf(program) },
      rolldownOptions: {
        input: { [program]: here(`./src/${program}.ts`) },
        // A program is started, not imported: what its chunks need of it may be exported beside its own.
        preserveEntrySignatures: 'allow-extension',
        output: {
          // Names that stay the same from build to build: a command that runs on while it is replaced still finds what it loads late.
          entryFileNames: '[name].js',
          chunkFileNames: 'chunks/[name].js',
          minifyInternalExports: false,
          codeSplitting: program === PAWL ? { groups: CHUNKS } : false,
          comments: { legal: true, annotation: false, jsdoc: false },
          // The sources are public; a stack trace needs names and lines alone.
          sourcemapExcludeSources: true,
        },
      },
    },
  };
}

interface Licence {
  readonly name: string;
  readonly version: string;
  readonly identifier?: string;
  readonly text?: string;
}

/** The MIT licence of a package that names it and its author and leaves its text out. */
function mitOf(name: string): string | undefined {
  const { author }: { author?: string | { name?: string } } = JSON.parse(
    readFileSync(here(`./node_modules/${name}/package.json`), 'utf8'),
  );
  const holder = typeof author === 'string' ? author : author?.name;
  if (holder === undefined) return undefined;
  return `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
}

/** One list of all packages whose code is in a program, each with its licence. */
function writeLicences(programs: readonly string[]): void {
  const found = new Map<string, Licence>();
  for (const program of programs) {
    const file = join(OUT, licencesOf(program));
    const licences: readonly Licence[] = JSON.parse(readFileSync(file, 'utf8'));
    for (const licence of licences) found.set(`${licence.name} ${licence.version}`, licence);
    rmSync(file);
  }
  const all = [...found.values()];
  const parts = [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, { name, identifier, text }]) => {
      // The text of this licence is the same for all: some packages name it and leave it out.
      const common =
        identifier === 'Apache-2.0' ? all.find((other) => other.identifier === identifier && other.text) : null;
      const words = text ?? common?.text ?? (identifier === 'MIT' ? mitOf(name) : undefined);
      if (identifier === undefined || words === undefined) throw new Error(`${title} comes without its licence`);
      return `## ${title}\n\nLicence: ${identifier}\n\n${words}\n`;
    });
  const head =
    '# Licences of the packages in these programs\n\nThe inspector page has a list of its own beside its files.\n';
  writeFileSync(join(OUT, 'THIRD_PARTY_LICENSES.md'), [head, ...parts].join('\n'));
}

/** Each program, over the sources. */
export default defineConfig({
  plugins: [apart()],
  environments: Object.fromEntries(
    [...ALONE, PAWL].map((program) => [environmentNameOf(program), environmentOf(program)]),
  ),
  builder: {
    async buildApp({ environments, build }) {
      const isChunk = new Set<string>();
      for (const program of [...ALONE, PAWL]) {
        const environment = environments[environmentNameOf(program)];
        if (environment === undefined) throw new Error(`bug: no environment for ${program}`);
        for (const { output } of [await build(environment)].flat().filter((built) => 'output' in built))
          for (const { fileName } of output) isChunk.add(fileName);
      }
      // What an earlier build has left is no part of this one.
      for (const name of readdirSync(join(OUT, 'chunks')))
        if (!isChunk.has(`chunks/${name}`)) rmSync(join(OUT, 'chunks', name));
      writeLicences([...ALONE, PAWL]);
    },
  },
});
