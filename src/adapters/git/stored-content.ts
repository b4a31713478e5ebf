/**
 * Whether the object store holds, for a commit and what it is compared with, what the names of its objects say.
 *
 * Owns: reading and hashing the commits, every tree and every file of them, comparing them with the commit graph. Does not own: what follows from
 * a difference (engine).
 *
 * Invariant: nothing is taken from a name. Git believes that an object which is there already has the content of its name, and reads it without
 * hashing it again: whoever can write to the store, or have it borrow from another, can put other bytes there first. So it is with the base: a
 * forged file there hides from a reviewer what was added. The commit graph is a copy of the commits that git reads in their place.
 */
import { createHash, type Hash } from 'node:crypto';
import type { StoredContent } from '../../ports/git.ts';
import { type GitOutput, pathStream } from './run-git.ts';
import { type GitContext, inRepository } from './worktree.ts';

/** Reads all that `commit` holds, all that `base` holds and all that lies between them, and compares it with its names. */
export async function checkContent(git: GitContext, commit: string, base: string): Promise<StoredContent> {
  const objects = new Set<string>();
  const held = await addAll(git, commit, objects);
  if (held.kind === 'damaged') return held;
  const before = await addAll(git, base, objects);
  if (before.kind === 'damaged') return before;
  const commits = await read(git, ['rev-list', `${base}..${commit}`, '--']);
  const listed = await read(git, ['rev-list', '--objects', '--no-object-names', `${base}..${commit}`, '--']);
  for (const object of linesOf(listed)) objects.add(object);
  const damaged = await firstDamaged(git, [...objects]);
  if (damaged !== null) return { kind: 'damaged', object: damaged };
  // What git could not list was not read.
  if (commits.exitCode !== 0 || listed.exitCode !== 0) return { kind: 'damaged', object: commit };
  const misread = await firstMisread(git, [base, ...linesOf(commits)]);
  return misread === null ? held : { kind: 'misread', commit: misread };
}

/** Adds the commit, its trees and its files: all that it holds, or the first of them that git cannot follow. */
async function addAll(
  git: GitContext,
  commit: string,
  objects: Set<string>,
): Promise<Exclude<StoredContent, { readonly kind: 'misread' }>> {
  const tree = /^tree ([0-9a-f]+)$/m.exec((await read(git, ['cat-file', 'commit', commit])).text)?.[1];
  if (tree === undefined) return { kind: 'damaged', object: commit };
  objects.add(commit).add(tree);
  const onBytes = pathStream((entry) => {
    const [, type = '', object = ''] = entry.split(/[ \t]/);
    // A submodule's commit is not an object of this repository.
    if (type !== 'commit') objects.add(object);
  });
  const list = ['ls-tree', '-r', '-t', '-z', tree];
  const listed = await git.run(inRepository(git, list, { answers: [0, 128], isRead: true, onBytes }));
  return listed.exitCode === 0 ? { kind: 'whole', tree } : { kind: 'damaged', object: tree };
}

/** The first commit whose tree or parents git reads otherwise than the commit says, by a commit graph; null when there is none. */
async function firstMisread(git: GitContext, commits: readonly string[]): Promise<string | null> {
  const told = ['rev-list', '--no-walk=unsorted', '--stdin', '--format=%H %T %P'];
  const input = `${commits.join('\n')}\n`;
  const [plain, byGraph] = await Promise.all(
    [told, ['-c', 'core.commitGraph=true', ...told]].map(async (args) => {
      const { text } = await git.run(inRepository(git, args, { answers: [0, 128], isRead: true, input }));
      return text.split('\n').filter((line) => !line.startsWith('commit '));
    }),
  );
  return commits.find((_, at) => plain?.[at] !== byGraph?.[at]) ?? null;
}

function linesOf({ text }: GitOutput): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

function read(git: GitContext, args: readonly string[]): Promise<GitOutput> {
  return git.run(inRepository(git, args, { answers: [0, 128], isRead: true }));
}

async function firstDamaged(git: GitContext, objects: readonly string[]): Promise<string | null> {
  const check = new ContentCheck(objects);
  const extra = { input: `${objects.join('\n')}\n`, answers: [0, 128], isRead: true };
  await git.run(inRepository(git, ['cat-file', '--batch'], { ...extra, onBytes: (chunk) => check.take(chunk) }));
  return check.firstDamaged();
}

/** Follows what `cat-file --batch` says of a list of objects: `name kind size`, a line end, the content, a line end. */
class ContentCheck {
  readonly #objects: readonly string[];
  #at = 0;
  #damaged: string | null = null;
  #line = '';
  #hash: Hash | null = null;
  /** Bytes of the content that are still to come, and its line end. */
  #left = 0;

  constructor(objects: readonly string[]) {
    this.#objects = objects;
  }

  take(chunk: Uint8Array): void {
    let from = 0;
    while (from < chunk.length)
      from = this.#hash === null ? this.#takeLine(chunk, from) : this.#takeContent(chunk, from);
  }

  /** The first object that was not what its name says, or of which nothing was said. */
  firstDamaged(): string | null {
    return this.#damaged ?? this.#objects[this.#at] ?? null;
  }

  get #object(): string {
    return this.#objects[this.#at] ?? '';
  }

  #takeLine(chunk: Uint8Array, from: number): number {
    const end = chunk.indexOf(10, from);
    this.#line += Buffer.from(chunk.subarray(from, end < 0 ? chunk.length : end)).toString('latin1');
    if (end < 0) return chunk.length;
    const [, kind = '', size] = this.#line.split(' ');
    this.#line = '';
    if (size === undefined) this.#end(false);
    else {
      this.#left = Number(size) + 1;
      this.#hash = createHash(this.#object.length === 64 ? 'sha256' : 'sha1').update(`${kind} ${size}\0`);
    }
    return end + 1;
  }

  #takeContent(chunk: Uint8Array, from: number): number {
    const part = chunk.subarray(from, from + this.#left);
    this.#left -= part.length;
    // The last byte is the line end.
    this.#hash?.update(this.#left === 0 ? part.subarray(0, -1) : part);
    if (this.#left === 0) this.#end(this.#hash?.digest('hex') === this.#object);
    return from + part.length;
  }

  #end(isWhole: boolean): void {
    if (!isWhole) this.#damaged ??= this.#object;
    this.#hash = null;
    this.#at += 1;
  }
}
