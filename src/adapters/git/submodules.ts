/**
 * What of a worktree a commit cannot hold because a submodule stands there: folders that are empty, and files below them.
 *
 * Owns: finding that. Does not own: what the commit holds (commit), what is told of it (core/run-view, core/handoff).
 *
 * Invariants: 1. Nothing is changed, and git is not asked about the inside of a folder that a worker has filled. 2. A submodule that has a
 * repository of its own is left to that repository.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../model/error.ts';
import type { LeftOut, SomePaths } from '../../model/event.ts';
import { BOUNDS } from '../../model/limits.ts';
import { type GitContext, inRepository } from './worktree.ts';

const GITLINK = /^160000 commit \S+\t/;

/** What of the worktree at `path` `commit` does not hold because of its submodules; null where there is nothing of that kind. */
export async function leftOutOf(git: GitContext, path: string, commit: string): Promise<LeftOut | null> {
  const [empty, files] = [new Paths(), new Paths()];
  for (const submodule of await submodulesOf(git, commit)) {
    const names = namesIn(join(path, submodule));
    if (names.length === 0) empty.add(submodule);
    else if (!names.includes('.git')) addFiles(files, path, submodule);
  }
  if (empty.isNone && files.isNone) return null;
  return { emptySubmodules: empty.some, filesBelowSubmodules: files.some };
}

/** The paths at which a commit names a commit of another repository. */
async function submodulesOf(git: GitContext, commit: string): Promise<readonly string[]> {
  const found: string[] = [];
  let rest = Buffer.alloc(0);
  const onBytes = (chunk: Uint8Array): void => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      const entry = rest.subarray(0, end).toString('utf8');
      if (GITLINK.test(entry)) found.push(entry.replace(GITLINK, ''));
      rest = rest.subarray(end + 1);
    }
  };
  await git.run(inRepository(git, ['ls-tree', '-r', '-z', '--full-tree', commit], { isRead: true, onBytes }));
  return found;
}

function addFiles(files: Paths, root: string, folder: string): void {
  for (const name of namesIn(join(root, folder))) {
    const path = `${folder}/${name}`;
    if (lstatSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() === true) addFiles(files, root, path);
    else files.add(path);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** The first few of many paths, and how many there are. */
class Paths {
  readonly #paths: string[] = [];
  #count = 0;

  add(path: string): void {
    this.#count += 1;
    if (this.#paths.length < BOUNDS.leftOutPaths) this.#paths.push(path.slice(0, BOUNDS.leftOutPathChars));
  }

  get isNone(): boolean {
    return this.#count === 0;
  }

  get some(): SomePaths {
    return { paths: this.#paths, count: this.#count };
  }
}
