/**
 * Every file below a folder with its bytes and times, to prove what a call has and has not touched.
 *
 * Owns: the print and the comparison of two. Does not own: which changes are allowed.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../src/base/sha256.ts';

/** What is below a folder: by relative path, its mode, modification time and content's hash. */
export type Fingerprint = ReadonlyMap<string, string>;

/** The print of everything below `root`; folders count by their mode alone. */
export function fingerprint(root: string): Fingerprint {
  const print = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const name of readdirSync(join(root, folder))) {
      const path = folder === '' ? name : `${folder}/${name}`;
      print.set(path, printOf(join(root, path)));
      if (lstatSync(join(root, path)).isDirectory()) walk(path);
    }
  };
  walk('');
  return print;
}

function printOf(path: string): string {
  const stats = lstatSync(path, { bigint: true });
  if (stats.isDirectory()) return `folder ${stats.mode}`;
  const content = stats.isSymbolicLink() ? readlinkSync(path) : stats.isFile() ? sha256(readFileSync(path)) : '';
  return `${stats.mode} ${stats.mtimeNs} ${content}`;
}

/** Paths that were added, removed or changed, sorted. */
export function changedPaths(before: Fingerprint, after: Fingerprint): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}
