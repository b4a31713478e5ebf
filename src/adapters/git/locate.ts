/**
 * Which repository a folder belongs to, and what git keeps out of it.
 *
 * Owns: the main worktree and the common git folder of any subfolder or linked worktree; questions to git before there is a registry; lines in
 * `info/exclude`. Does not own: the way up to a git folder (discovery), where the registry lies (cli).
 */
import { existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { PawlError } from '../../model/error.ts';
import { findGitFolder, type GitFolder } from './discovery.ts';
import { shown } from './git-environment.ts';
import { swapFile, textOf } from './git-files.ts';
import { gitFailure, gitNow } from './run-git.ts';

/** Where a repository has its own checkout and its git folder. */
export interface RepositoryPlace {
  /** The repository's own checkout: never a linked worktree. */
  readonly mainWorktree: string;
  /** The git folder shared by all worktrees. */
  readonly commonDir: string;
}

function missing(cwd: string, what: string): PawlError {
  return new PawlError({
    code: 'PAWL_REPOSITORY_MISSING',
    message: `${cwd} ${what}`,
    subject: cwd,
    hint: 'Start pawl inside a git repository that has a checkout.',
  });
}

/** What git answers to a question that reads only, in the folder `cwd`; null when it answers no. Throws PAWL_GIT_FAILED. */
export function askGit(cwd: string, args: readonly string[], environment: NodeJS.ProcessEnv): string | null {
  const result = gitNow(args, cwd, environment, existsSync(cwd) ? placeOf(findGitFolder(cwd)) : {});
  if (result.error !== undefined) throw gitFailure(args, cwd, shown(result.error.message), result.error);
  if (result.status === 0) return result.stdout.replace(/\n$/, '');
  if (result.status === 1 || /not a git repository/.test(result.stderr)) return null;
  throw gitFailure(args, cwd, shown(result.stderr));
}

/** Variables that name the repository to git: what its configuration says of a bare one, or of another checkout, counts for nothing then. */
function placeOf(found: GitFolder | null): Record<string, string> {
  if (found === null) return {};
  const { top, gitDir, commonDir } = found;
  return { GIT_DIR: gitDir, GIT_COMMON_DIR: commonDir, GIT_WORK_TREE: top ?? commonDir };
}

/** True when the checkout, its `.git` and the git folder are the user's own: git refuses none of whose owner it is started by, and need not be asked. */
function isOwn({ top, gitDir }: GitFolder): boolean {
  if (top === null || process.geteuid === undefined) return false;
  const user = process.geteuid();
  return [top, join(top, '.git'), gitDir].every((path) => lstatSync(path).uid === user);
}

/** Git's own refusal of a repository that belongs to somebody else stands; whatever else it says of it concerns the calls that need git. */
function refuseOtherOwner(found: GitFolder, cwd: string, environment: NodeJS.ProcessEnv): void {
  if (isOwn(found)) return;
  const args = ['rev-parse', '--git-dir'];
  const { error, stderr } = gitNow(args, cwd, environment);
  if (error !== undefined) throw gitFailure(args, cwd, shown(error.message), error);
  if (/dubious ownership|unsafe repository/.test(stderr)) throw gitFailure(args, cwd, shown(stderr));
}

/** A key of a repository's own configuration; null when it is not there, or the file cannot be read. */
function configured(commonDir: string, type: string, key: string, environment: NodeJS.ProcessEnv): string | null {
  const args = ['config', '--file', join(commonDir, 'config'), `--type=${type}`, '--get', key];
  const { status, stdout } = gitNow(args, commonDir, environment, { GIT_DIR: commonDir });
  return status === 0 ? stdout.replace(/\n$/, '') : null;
}

/** True for a repository without a checkout. A worker can write `core.bare`: it is believed only where nothing is checked out. */
function isBare(commonDir: string, environment: NodeJS.ProcessEnv): boolean {
  return !existsSync(join(commonDir, 'index')) && configured(commonDir, 'bool', 'core.bare', environment) === 'true';
}

/** The main worktree of a common folder that a linked worktree (or a folder inside of .git) led to; null when there is none. */
function checkoutOf(commonDir: string, environment: NodeJS.ProcessEnv): string | null {
  if (basename(commonDir) === '.git') return dirname(commonDir);
  const named = configured(commonDir, 'path', 'core.worktree', environment);
  const folder = named === null ? null : resolve(commonDir, named);
  if (folder === null || !existsSync(folder)) return null;
  // A worker can write `core.worktree`: it is believed only where the folder leads back.
  const back = findGitFolder(folder);
  return back?.gitDir === commonDir ? back.top : null;
}

/**
 * The repository that `cwd` lies in, found by what lies there; neither GIT_* variables nor the repository's configuration lead elsewhere.
 * Throws PAWL_REPOSITORY_MISSING outside of a repository and for one without a checkout, PAWL_GIT_FAILED when git refuses its owner.
 */
export function locateRepository(cwd: string, environment: NodeJS.ProcessEnv = process.env): RepositoryPlace {
  if (!existsSync(cwd)) throw missing(cwd, 'does not exist.');
  const found = findGitFolder(cwd);
  if (found === null) throw missing(cwd, 'is not inside a git repository.');
  refuseOtherOwner(found, cwd, environment);
  const { top, gitDir, commonDir } = found;
  const checkout = gitDir === commonDir && top !== null ? top : checkoutOf(commonDir, environment);
  if (checkout !== null && !isBare(commonDir, environment)) return { mainWorktree: checkout, commonDir };
  throw missing(cwd, 'belongs to a repository without a checkout of its own (bare).');
}

/** Every pattern is a line of the repository's `info/exclude`; what was there stays. */
export function excludePatterns(commonDir: string, patterns: readonly string[]): void {
  const link = join(commonDir, 'info', 'exclude');
  const path = existsSync(link) ? realpathSync(link) : link;
  const before = textOf(path) ?? '';
  const lines = new Set(before.split(/\r?\n/));
  const absent = patterns.filter((pattern) => !lines.has(pattern));
  if (absent.length === 0) return;
  mkdirSync(dirname(path), { recursive: true });
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  swapFile(path, `${before}${gap}${absent.join('\n')}\n`, 0o644);
}
