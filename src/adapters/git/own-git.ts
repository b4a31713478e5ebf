/**
 * A git folder of our own around a worktree's files: made for one operation, removed after it.
 *
 * Owns: what lies in it, calls through it, its index made from the worktree's or a commit's entries.
 * Does not own: what is done with it (worktree-tree, inspection, checkout, rescue). Free of zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. Of the repository only its objects and its ignore rules count here: no configuration, hook, filter, driver, attribute, graft or
 * replacement of anybody decides how a file becomes an object, or an object a file. `info/attributes` outranks every .gitattributes, so that a
 * single line there turns all conversions off. 2. Of the worktree's index only paths, modes and objects count: its flags could hide a change,
 * its times could call a changed file unchanged.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { smallTextOf } from './git-files.ts';
import type { GitCall, GitRun } from './run-git.ts';
import { type CallExtra, inWorktree, type Worktree } from './worktree.ts';

/** How such a folder is named inside of a worktree's administration. */
export const OWN_GIT = 'pawl-git-';

/** The one folder, while it stands. */
export interface OwnGit {
  readonly worktree: Worktree;
  readonly folder: string;
  readonly run: GitRun;
}

/** Every attribute that could change content, or how a difference is shown, is off or as if nobody had set it. */
const ATTRIBUTES =
  '* -text -crlf !eol -ident -filter !working-tree-encoding !diff !merge !whitespace !conflict-marker-size\n';

/** Makes the folder, lets `use` work with it, and removes it. `head`: the commit that its HEAD names; null when there is none. */
export async function withOwnGit<T>(
  run: GitRun,
  worktree: Worktree,
  head: string | null,
  use: (own: OwnGit) => Promise<T>,
): Promise<T> {
  const folder = join(worktree.adminDir, `${OWN_GIT}${randomBytes(6).toString('hex')}`);
  try {
    await fill(run, worktree, folder, head);
    return await use({ worktree, folder, run });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(run: GitRun, worktree: Worktree, folder: string, head: string | null): Promise<void> {
  mkdirSync(folder, { mode: 0o700 });
  for (const name of ['refs', 'info']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'HEAD'), `${head ?? 'ref: refs/heads/none'}\n`);
  writeFileSync(join(folder, 'info', 'attributes'), ATTRIBUTES);
  const excludes = [await userExcludes(run, worktree), smallTextOf(join(worktree.commonDir, 'info', 'exclude'))];
  writeFileSync(join(folder, 'info', 'exclude'), excludes.map((text) => `${text ?? ''}\n`).join(''));
  writeFileSync(join(folder, 'config'), configFor(folder, head));
}

/** What git would note about this file system when it makes a repository, tried as git does; and how its objects are named. */
function configFor(folder: string, head: string | null): string {
  const probe = join(folder, 'HEAD');
  const isExecutable = (): boolean => (lstatSync(probe).mode & 0o100) !== 0;
  chmodSync(probe, 0o744);
  const canBeExecutable = isExecutable();
  chmodSync(probe, 0o644);
  const hasModes = canBeExecutable && !isExecutable();
  const lines = [
    '[core]',
    'bare = false',
    'logAllRefUpdates = false',
    `fileMode = ${hasModes}`,
    `symlinks = ${hasLinks(folder)}`,
    `ignoreCase = ${existsSync(join(folder, 'HEAd'))}`,
    `precomposeUnicode = ${process.platform === 'darwin'}`,
  ];
  const isSha256 = head?.length === 64;
  lines.push(`repositoryFormatVersion = ${isSha256 ? 1 : 0}`);
  if (isSha256) lines.push('[extensions]', 'objectFormat = sha256');
  return `${lines.join('\n')}\n`;
}

function hasLinks(folder: string): boolean {
  const link = join(folder, 'link');
  try {
    symlinkSync('HEAD', link);
    return lstatSync(link).isSymbolicLink();
  } catch {
    return false; // whatever the system's reason: without links git keeps them as files, and so do we
  }
}

/** The ignore rules that the user has for all repositories. */
async function userExcludes(run: GitRun, worktree: Worktree): Promise<string | null> {
  const args = ['config', '--type=path', '--get', 'core.excludesFile'];
  const named = await run(inWorktree(worktree, args, { answers: [0, 1], isRead: true }));
  if (named.exitCode === 0) return smallTextOf(named.text.replace(/\n$/, ''));
  return smallTextOf(usersFile(run.environment, 'ignore'));
}

/** Where git looks for the user's ignore rules (`ignore`) or attributes when no configuration says so. */
export function usersFile({ XDG_CONFIG_HOME, HOME }: NodeJS.ProcessEnv, name: string): string {
  return join(XDG_CONFIG_HOME || join(HOME ?? '/', '.config'), 'git', name);
}

/** A path of a configuration as git opens it: `~/` is the home of whoever runs git. */
export function inHome(path: string, { HOME }: NodeJS.ProcessEnv): string {
  return path.replace(/^~(?=\/)/, () => HOME ?? '/');
}

/** A call that sees the worktree's files, and nothing of the repository but its objects. */
export function inOwn({ worktree, folder }: OwnGit, args: readonly string[], extra: CallExtra = {}): GitCall {
  const env = {
    GIT_OBJECT_DIRECTORY: join(worktree.commonDir, 'objects'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    // Before git 2.32 the user's configuration is found by these alone.
    HOME: folder,
    XDG_CONFIG_HOME: folder,
  };
  return { args, cwd: worktree.path, gitDir: folder, workTree: worktree.path, ...extra, env: { ...env, ...extra.env } };
}

/** What came of reading the worktree's index. */
export type EntriesRead =
  | { readonly isRead: true; readonly isEmpty: boolean; readonly unmerged: readonly string[] }
  | { readonly isRead: false; readonly reason: string };

/**
 * The index of `own` has the entries of the worktree's, conflicts included, and no flag and no time of it; none below the folder `without` at
 * the top.
 */
export async function takeEntries(own: OwnGit, without: string | null = null): Promise<EntriesRead> {
  const chunks: Uint8Array[] = [];
  const onBytes = (chunk: Uint8Array): void => void chunks.push(chunk);
  const look = inWorktree(own.worktree, ['ls-files', '--stage', '-z'], { answers: [0, 128], isRead: true, onBytes });
  const { exitCode, problem } = await own.run(look);
  if (exitCode !== 0) return { isRead: false, reason: problem };
  const listed = Buffer.concat(chunks);
  const input = without === null ? listed : entriesOutside(listed, without);
  if (input.length > 0) await own.run(inOwn(own, ['update-index', '-z', '--index-info'], { input }));
  return { isRead: true, isEmpty: input.length === 0, unmerged: unmergedIn(input) };
}

/** The index of `own` has what `commit` holds. */
export async function takeCommit(own: OwnGit, commit: string): Promise<void> {
  await own.run(inOwn(own, ['read-tree', commit]));
}

/** The worktree's index is that of `own`, which has then none. */
export function giveIndex({ folder, worktree }: OwnGit): void {
  renameSync(join(folder, 'index'), join(worktree.adminDir, 'index'));
}

/** Entries `mode object stage<TAB>path`, each with the NUL at its end. */
function* entriesIn(entries: Buffer): Generator<{ readonly bytes: Buffer; readonly tab: number }> {
  let from = 0;
  for (let end = entries.indexOf(0); end >= 0; end = entries.indexOf(0, from)) {
    const bytes = entries.subarray(from, end + 1);
    yield { bytes, tab: bytes.indexOf(9) };
    from = end + 1;
  }
}

/** Paths of entries with a stage. */
function unmergedIn(entries: Buffer): string[] {
  const paths = new Set<string>();
  for (const { bytes, tab } of entriesIn(entries)) {
    if (bytes[tab - 1] !== 48) paths.add(bytes.toString('utf8', tab + 1, bytes.length - 1));
  }
  return [...paths];
}

/** The folder itself, where it is a file or a link, is left out as well. */
function entriesOutside(entries: Buffer, folder: string): Buffer {
  const kept: Buffer[] = [];
  for (const { bytes, tab } of entriesIn(entries)) {
    const path = bytes.subarray(tab + 1);
    const isInside = path.equals(Buffer.from(`${folder}\0`)) || path.indexOf(`${folder}/`) === 0;
    if (!isInside) kept.push(bytes);
  }
  return Buffer.concat(kept);
}
