/**
 * Which git folder a folder lies in, by what lies there: no configuration has a say in it.
 *
 * Owns: the way up to the first `.git`, what a `.git` file leads to, the folder that worktrees share.
 * Does not own: which checkout is the repository's own (locate). Free of zod and xstate.
 *
 * Invariants: 1. Nothing that a worker writes into the shared configuration (`core.worktree`, `core.bare`, or what git cannot read) leads elsewhere
 * or nowhere. 2. A `.git` file that leads nowhere ends the way up: what is above it is another repository (L8).
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { linkIn, pathIn } from './git-files.ts';

/** A git folder as it was found. Paths are absolute, without links. */
export interface GitFolder {
  /** The folder that holds `.git`; null where the way up began inside of a git folder. */
  readonly top: string | null;
  /** HEAD and index of that checkout. */
  readonly gitDir: string;
  /** What all worktrees share; `gitDir` itself for a main worktree. */
  readonly commonDir: string;
}

/** The git folder of the first folder above `cwd` (itself included) that has one, on the same file system as git has it; null when there is none. */
export function findGitFolder(cwd: string): GitFolder | null {
  const start = realpathSync(cwd);
  const { dev } = statSync(start);
  for (let folder = start; ; folder = dirname(folder)) {
    const entry = join(folder, '.git');
    const stat = statSync(entry, { throwIfNoEntry: false });
    if (stat?.isFile()) return linked(folder, entry);
    if (stat?.isDirectory() && isShared(entry)) return main(folder, entry);
    if (existsSync(join(folder, 'HEAD'))) {
      const found = opened(null, folder);
      if (found !== null) return found;
    }
    const above = dirname(folder);
    if (above === folder || statSync(above).dev !== dev) return null;
  }
}

/** The checkout whose `.git` is the git folder itself; a `commondir` in there is none of git's making. */
function main(top: string, entry: string): GitFolder {
  const gitDir = realpathSync(entry);
  return { top, gitDir, commonDir: gitDir };
}

/** The checkout that a `.git` file links: a linked worktree, a submodule, or one whose git folder was put elsewhere. */
function linked(top: string, entry: string): GitFolder | null {
  const claim = linkIn(entry);
  return claim === null ? null : opened(top, resolve(top, claim));
}

function opened(top: string | null, path: string): GitFolder | null {
  if (!existsSync(path)) return null;
  const gitDir = realpathSync(path);
  const named = pathIn(join(gitDir, 'commondir'));
  if (named === '') return null;
  const common = resolve(gitDir, named ?? '.');
  return isShared(common) ? { top, gitDir, commonDir: realpathSync(common) } : null;
}

/** True for a folder that holds what makes a repository; an empty `.git`, as a mount leaves it, is passed over by git as well. */
function isShared(folder: string): boolean {
  return existsSync(join(folder, 'objects')) && existsSync(join(folder, 'refs'));
}
