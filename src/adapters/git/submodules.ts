/**
 * What of a worktree a commit cannot hold because a submodule stands there: folders that are empty, and files below them.
 *
 * Owns: finding that. Does not own: what the commit holds (commit), keeping them (removal), what is told of it (run/run-view, run/handoff/bundle).
 *
 * Invariants: 1. Nothing is changed, and git is not asked about the inside of a folder that a worker has filled. 2. A submodule that has a
 * repository of its own is left to that repository.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { LeftOut, SomePaths } from '../../model/event.ts';
import { BOUNDS } from '../../model/limits.ts';
import { namesIn } from './git-files.ts';
import { inOwn, takeCommit, takeEntries, withOwnGit } from './own-git.ts';
import { pathStream } from './run-git.ts';
import { commitOf, type GitContext, inRepository, type Worktree } from './worktree.ts';

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

/**
 * The folders of the worktree's submodules that hold files, of whatever sort, which would go with the worktree: no commit of the repository can
 * hold them.
 */
export async function filledSubmodules(git: GitContext, worktree: Worktree): Promise<readonly string[]> {
  const { onBytes, found } = gitlinks(/^160000 \S+ \d\t/);
  await withOwnGit(git.run, worktree, null, async (own) => {
    const entries = await takeEntries(own);
    const head = entries.isRead && !entries.isEmpty ? null : await commitOf(git, 'HEAD', worktree);
    if (head !== null) await takeCommit(own, head);
    await git.run(inOwn(own, ['ls-files', '--stage', '-z'], { isRead: true, onBytes }));
  });
  const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return [...new Set(found)].filter((submodule) => {
    const files = new Paths();
    if (isFolder(join(worktree.path, submodule))) addFiles(files, worktree.path, submodule);
    return !files.isNone;
  });
}

/** The paths at which a commit names a commit of another repository. */
async function submodulesOf(git: GitContext, commit: string): Promise<readonly string[]> {
  const { onBytes, found } = gitlinks(/^160000 commit \S+\t/);
  await git.run(inRepository(git, ['ls-tree', '-r', '-z', '--full-tree', commit], { isRead: true, onBytes }));
  return found;
}

/** The paths of a stream of entries, a NUL after each, that begin as a submodule's does. */
function gitlinks(start: RegExp): { readonly onBytes: (chunk: Uint8Array) => void; readonly found: readonly string[] } {
  const found: string[] = [];
  const onBytes = pathStream((entry) => {
    if (start.test(entry)) found.push(entry.replace(start, ''));
  });
  return { onBytes, found };
}

function addFiles(files: Paths, root: string, folder: string): void {
  for (const name of namesIn(join(root, folder))) {
    const path = `${folder}/${name}`;
    if (lstatSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() === true) addFiles(files, root, path);
    else files.add(path);
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
