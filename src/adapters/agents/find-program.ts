/**
 * Where the program of an agent lies.
 *
 * Owns: looking a name up. Does not own: whether the program is of any use (probe-program).
 *
 * Invariant: 1. A name is looked up in absolute folders of PATH only: an entry that is relative would mean another program in every worktree.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/** The executable file that `name` means, links resolved: on PATH, or, where it has a slash, relative to `configFolder`; null when there is none. */
export function findProgram(name: string, configFolder: string, pathVariable: string | undefined): string | null {
  if (name === '') return null;
  if (name.includes('/')) return executableAt(resolve(configFolder, name));
  for (const folder of (pathVariable ?? '').split(delimiter)) {
    const found = isAbsolute(folder) ? executableAt(join(folder, name)) : null;
    if (found !== null) return found;
  }
  return null;
}

function executableAt(path: string): string | null {
  try {
    if (!statSync(path).isFile()) return null;
    accessSync(path, constants.X_OK);
    return realpathSync(path);
  } catch {
    // Whatever hides it, it cannot be started from here: the next folder may have one.
    return null;
  }
}
