/**
 * Where the build has put what Pawl starts or serves.
 *
 * Owns: the folder of this package, and paths in its build. Does not own: building (npm run build), what lies there.
 * Free of zod and xstate: the worker host loads this file.
 *
 * Invariant: the answer is the same from the sources, from a module of the build and from a bundle: nothing is found by the place of the file
 * that asks.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of this package: the nearest one above this file that has a package.json. */
export function packageFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) throw new Error('bug: no package.json above the program');
  }
}

/** The absolute path of a built file or folder, by its place below `src`: `host/main.js`. */
export function builtPath(place: string): string {
  return join(packageFolder(), 'dist/src', place);
}
