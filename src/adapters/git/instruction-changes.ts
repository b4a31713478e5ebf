/**
 * What the work of a run has changed in the files that instruct agents.
 *
 * Owns: finding them between two commits, and what the base's versions of them read in their turn. Does not own: the patterns (adapters/agents),
 * their meaning (turn/instruction-files), showing the base's versions (base-instructions).
 *
 * Invariants: 1. Only commits are read: the same commits give the same answer. 2. What is read beside the patterns is bounded in depth, number
 * and size (L9).
 */
import { BOUNDS } from '../../model/limits.ts';
import type { InstructionChanges } from '../../ports/git.ts';
import { instructionMatcher, type ReadableFile, readWith } from '../../turn/instruction-files.ts';
import { eachPathBetween } from './inspection.ts';
import { pathStream } from './run-git.ts';
import { type GitContext, inRepository } from './worktree.ts';

/** How many times a file that was read names another one that is read as well; Claude Code follows imports so far. */
const DEPTH_MAX = 5;
const FILES_MAX = 500;
const FILE_BYTES_MAX = 256 * 1024;

/** The instruction files that differ between `base` and `head`, and the patterns by which they were found: the given ones, and what those files of the base read. */
export async function instructionChanges(
  git: GitContext,
  base: string,
  head: string,
  patterns: readonly string[],
): Promise<InstructionChanges> {
  const all = await withWhatIsRead(git, base, patterns);
  const isMeant = instructionMatcher(all);
  const paths: string[] = [];
  let count = 0;
  await eachPathBetween(git, base, head, (path) => {
    if (!isMeant(path)) return;
    count += 1;
    if (paths.length < BOUNDS.filesListed) paths.push(path);
  });
  return { patterns: all, paths, count };
}

async function withWhatIsRead(git: GitContext, base: string, patterns: readonly string[]): Promise<readonly string[]> {
  const all = [...patterns];
  let fresh = patterns;
  for (let depth = 0; depth < DEPTH_MAX && fresh.length > 0; depth += 1) {
    const found = await smallOnes(git, await entriesOf(git, base, instructionMatcher(fresh)));
    const read = (await contentOf(git, found)).flatMap(readWith);
    fresh = [...new Set(read)].filter((pattern) => !all.includes(pattern)).slice(0, FILES_MAX);
    all.push(...fresh);
  }
  return all;
}

interface Entry {
  readonly path: string;
  readonly isLink: boolean;
  readonly object: string;
}

/** Files and links of a commit, the first FILES_MAX. */
async function entriesOf(git: GitContext, commit: string, isMeant: (path: string) => boolean): Promise<Entry[]> {
  const entries: Entry[] = [];
  const onBytes = pathStream((line) => {
    const [, mode = '', object = '', path = ''] = /^(\d+) blob (\w+)\t([\s\S]*)$/.exec(line) ?? [];
    if (path === '' || entries.length >= FILES_MAX || !isMeant(path)) return;
    entries.push({ path, isLink: mode === '120000', object });
  });
  await git.run(inRepository(git, ['ls-tree', '-r', '-z', '--full-tree', commit], { isRead: true, onBytes }));
  return entries;
}

/** Sizes are asked for these alone: to list them with a tree git looks at every object of it. */
async function smallOnes(git: GitContext, entries: readonly Entry[]): Promise<readonly Entry[]> {
  if (entries.length === 0) return [];
  const input = entries.map(({ object }) => `${object}\n`).join('');
  const args = ['cat-file', '--batch-check=%(objectsize)'];
  const sizes = (await git.run(inRepository(git, args, { isRead: true, input }))).text.split('\n');
  // A missing object has a sentence for a size.
  return entries.filter((_, n) => Number(sizes[n]) <= FILE_BYTES_MAX);
}

async function contentOf(git: GitContext, entries: readonly Entry[]): Promise<ReadableFile[]> {
  if (entries.length === 0) return [];
  const chunks: Uint8Array[] = [];
  const onBytes = (chunk: Uint8Array): void => void chunks.push(chunk);
  const input = entries.map(({ object }) => `${object}\n`).join('');
  await git.run(inRepository(git, ['cat-file', '--batch'], { isRead: true, input, onBytes }));
  const bytes = Buffer.concat(chunks);
  const files: ReadableFile[] = [];
  let at = 0;
  for (const { path, isLink } of entries) {
    const end = bytes.indexOf(10, at);
    const size = / blob (\d+)$/.exec(bytes.toString('latin1', at, end))?.[1];
    // An object that is missing has no content; what that means is said where the commit is hashed.
    if (end < 0) break;
    at = end + 1;
    if (size === undefined) continue;
    files.push({ path, isLink, text: bytes.toString('utf8', at, at + Number(size)) });
    at += Number(size) + 1;
  }
  return files;
}
