/**
 * The version of this package.
 *
 * Owns: reading it from the package's manifest. Does not own: where it is shown.
 */
import { existsSync, readFileSync } from 'node:fs';

/** The version in the nearest package.json above this file: the sources and what is built lie at different depths. */
export function packageVersion(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const manifest = new URL('package.json', folder);
    if (existsSync(manifest)) return String(JSON.parse(readFileSync(manifest, 'utf8')).version);
    if (folder.pathname === '/') throw new Error('bug: no package.json above the program');
  }
}
