/**
 * Which repository a folder belongs to, and what git keeps out of it.
 *
 * Owns: the main worktree and the common git folder of any subfolder or linked worktree; lines in `info/exclude`.
 * Does not own: where the registry lies (cli).
 */
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { PawlError } from '../../model/error.ts';
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
    hint: 'Start pawl inside of a git repository that has a checkout.',
  });
}

/** What git answers to a question that reads only, in the folder `cwd`; null when it answers no. Throws PAWL_GIT_FAILED. */
export function askGit(cwd: string, args: readonly string[], environment: NodeJS.ProcessEnv): string | null {
  const result = gitNow(args, cwd, environment);
  if (result.error !== undefined) throw gitFailure(args, cwd, shown(result.error.message), result.error);
  if (result.status === 0) return result.stdout.replace(/\n$/, '');
  if (result.status === 1 || /not a git repository|must be run in a work tree/.test(result.stderr)) return null;
  throw gitFailure(args, cwd, shown(result.stderr));
}

/** What git discovers from `cwd`: in one call, or one by one where a line end in a path or a missing checkout makes that ambiguous. */
function discover(
  cwd: string,
  environment: NodeJS.ProcessEnv,
): { readonly gitDir: string | null; readonly common: string | null; readonly top: string | null } {
  const questions = ['--git-dir', '--git-common-dir', '--show-toplevel'];
  const lines = askGit(cwd, ['rev-parse', ...questions], environment)?.split('\n') ?? [];
  const each = (n: number): string | null =>
    lines.length === questions.length
      ? (lines[n] ?? null)
      : askGit(cwd, ['rev-parse', ...questions.slice(n, n + 1)], environment);
  const gitDir = each(0);
  return { gitDir, common: gitDir === null ? null : each(1), top: gitDir === null ? null : each(2) };
}

/** The main worktree of a common folder that a linked worktree (or a folder inside of .git) led to; null when there is none. */
function checkoutOf(commonDir: string, environment: NodeJS.ProcessEnv): string | null {
  const at = [`--git-dir=${commonDir}`];
  if (askGit(commonDir, [...at, 'config', '--type=bool', '--get', 'core.bare'], environment) === 'true') return null;
  const configured = askGit(commonDir, [...at, 'config', '--get', 'core.worktree'], environment);
  const folder = configured !== null ? resolve(commonDir, configured) : dirname(commonDir);
  if (configured === null && basename(commonDir) !== '.git') return null;
  return existsSync(folder) ? realpathSync(folder) : null;
}

/**
 * The repository that `cwd` lies in, found through git's common folder; GIT_* variables are ignored.
 * Throws PAWL_REPOSITORY_MISSING outside of a repository and for one without a checkout, PAWL_GIT_FAILED when git refuses.
 */
export function locateRepository(cwd: string, environment: NodeJS.ProcessEnv = process.env): RepositoryPlace {
  if (!existsSync(cwd)) throw missing(cwd, 'does not exist.');
  const { gitDir, common, top } = discover(cwd, environment);
  if (gitDir === null || common === null) throw missing(cwd, 'is not inside of a git repository.');
  const commonDir = realpathSync(resolve(cwd, common));
  const isMain = realpathSync(resolve(cwd, gitDir)) === commonDir;
  const mainWorktree = isMain && top !== null && top !== '' ? realpathSync(top) : checkoutOf(commonDir, environment);
  if (mainWorktree === null) throw missing(cwd, 'belongs to a repository without a checkout of its own (bare).');
  return { mainWorktree, commonDir };
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
