/**
 * A real git repository in a temporary folder, with nothing of this machine's git configuration in it.
 *
 * Owns: making and removing it. Does not own: what tests do there.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What would lead to the user's own settings, daemon or agents. */
const NOT_PASSED_ON: readonly string[] = [
  ...['HOME', 'EMAIL', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME'],
  ...['PAWL_HOME', 'PAWL_AGENT'],
];

/** A real repository for one test. */
export interface SandboxRepo {
  /** The folder around everything: removed at the end. */
  readonly root: string;
  /** The main worktree: a commit on `main`, an identity set. */
  readonly path: string;
  /** An environment with a home of its own and no GIT_* variables. */
  readonly environment: NodeJS.ProcessEnv;
  /** Runs git in the main worktree (or in `cwd`) and returns its output without the last line end. Throws when it fails. */
  git(args: readonly string[], cwd?: string): string;
  /** Writes a file of the main worktree, or at an absolute path, with its folders. */
  write(path: string, content: string): void;
  remove(): void;
}

/** A repository with one commit (`README.md`, `src/one.txt`) on `main`. */
export function createSandboxRepo(): SandboxRepo {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-repo-')));
  const path = join(root, 'repo');
  const home = join(root, 'home');
  mkdirSync(path);
  mkdirSync(home);
  const environment: NodeJS.ProcessEnv = { HOME: home };
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith('GIT_') && !NOT_PASSED_ON.includes(name)) environment[name] = value;
  }
  const git = (args: readonly string[], cwd = path): string =>
    execFileSync('git', args, { cwd, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).replace(
      /\n$/,
      '',
    );
  const write = (to: string, content: string): void => {
    const file = to.startsWith('/') ? to : join(path, to);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
  git(['init', '--quiet', '--initial-branch=main']);
  git(['config', 'user.name', 'A User']);
  git(['config', 'user.email', 'user@example.invalid']);
  write('README.md', 'A repository.\n');
  write('src/one.txt', 'one\n');
  git(['add', '-A']);
  git(['commit', '--quiet', '-m', 'First']);
  return { root, path, environment, git, write, remove: () => rmSync(root, { recursive: true, force: true }) };
}
