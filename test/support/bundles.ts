/**
 * The bundles of the build: the files that Node is started with, and what they load late.
 *
 * Owns: finding them, what their source maps say of them. Does not own: making them (npm run build).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the build. */
export const BUILT = fileURLToPath(new URL('../../dist/src', import.meta.url));

/** One bundle. */
export interface Bundle {
  /** Its place below the folder. */
  readonly place: string;
  readonly path: string;
  readonly text: string;
}

/** All bundles in a folder of built programs: the files that have a source map. */
export function bundlesIn(folder: string): readonly Bundle[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js.map') && !name.startsWith('inspector/page-dist'))
    .map((name) => {
      const path = join(folder, name.replace(/\.map$/, ''));
      return { place: relative(folder, path), path, text: readFileSync(path, 'utf8') };
    });
}

/** The bundle at a place of the build, such as `host/main.js`. Throws where there is none. */
export function bundleAt(place: string): Bundle {
  const found = bundlesIn(BUILT).find((bundle) => bundle.place === place);
  if (found === undefined) throw new Error(`${place} is no bundle: npm run build makes it`);
  return found;
}

/** The paths of the sources that a bundle was made from. */
export function sourcesOf({ path }: Bundle): readonly string[] {
  const { sources }: { sources: readonly string[] } = JSON.parse(readFileSync(`${path}.map`, 'utf8'));
  return sources.map((source) => resolve(dirname(path), source));
}

/** The packages whose code is in a bundle, by name. */
export function packagesIn(bundle: Bundle): readonly string[] {
  const names = sourcesOf(bundle).flatMap(
    (source) => /^.*\/node_modules\/(?<name>(?:@[^/]+\/)?[^/]+)\//.exec(source)?.groups?.name ?? [],
  );
  return [...new Set(names)].sort();
}

/** What a bundle imports, at its start or, with `late`, when it comes to it: other files of ours, packages, modules of Node. */
export function importsOf({ text }: Bundle): { readonly start: readonly string[]; readonly late: readonly string[] } {
  const start = [...text.matchAll(/^(?:import|export)\b[^'";]*?(?:from )?"(?<name>[^"]+)";$/gm)];
  const late = [...text.matchAll(/\bimport\("(?<name>[^"]+)"\)/g)];
  const namesOf = (found: readonly RegExpMatchArray[]): string[] => found.map(({ groups }) => groups?.name ?? '');
  return { start: namesOf(start), late: namesOf(late) };
}
