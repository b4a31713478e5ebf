/**
 * One run's worktree in a sandbox repository, and the ways to look at it from outside.
 *
 * Owns: the fixture, fingerprints of files. Does not own: what is in a sandbox repository (prove/real/sandbox-repo).
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  type Dirent,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { createGit } from '../../src/adapters/git/git.ts';
import { excludePatterns } from '../../src/adapters/git/locate.ts';
import type { CommitSpec, GitPort, WorkspaceSpec } from '../../src/ports/git.ts';
import { createSandboxRepo, type SandboxRepo } from '../../src/prove/real/sandbox-repo.ts';

/** The run of the fixture. */
export const RUN_ID = 'run_task-1_0123456789ab';
/** The branch of the fixture's run. */
export const BRANCH = 'pawl/task-1';
/** The key of the effect that commits. */
export const KEY = `${RUN_ID}/7.1:commitWork`;

/** What a test leaves behind need not outlive a power cut; power-cuts.test.ts shows what does. */
export const NO_SYNC = async (): Promise<void> => undefined;

/** One run's worktree in a real repository, with the port over it. */
export interface Fixture {
  readonly repo: SandboxRepo;
  readonly git: GitPort;
  readonly worktree: string;
  readonly admin: string;
  readonly base: string;
  spec(changes?: Partial<WorkspaceSpec>): WorkspaceSpec;
  commitSpec(changes?: Partial<CommitSpec>): CommitSpec;
  resetSpec(name?: string): Parameters<GitPort['rescueAndReset']>[0];
  /** Git inside of the run's worktree. */
  inside(args: readonly string[]): string;
  put(path: string, content: string): void;
}

/** A repository as files, that fixtures are copies of: making one takes git six times. */
interface Pattern {
  readonly files: readonly { readonly path: string; readonly content: Buffer; readonly mode: number }[];
  readonly folders: readonly string[];
  readonly base: string;
}

let pattern: Pattern | null = null;

function makePattern(): Pattern {
  const repo = createSandboxRepo();
  try {
    excludePatterns(join(repo.path, '.git'), ['/.pawl/', '/.pawl-task/']);
    const entries = readdirSync(repo.root, { recursive: true, withFileTypes: true });
    const pathOf = (entry: Dirent): string => relative(repo.root, join(entry.parentPath, entry.name));
    return {
      folders: entries.filter((entry) => entry.isDirectory()).map(pathOf),
      files: entries
        .filter((entry) => entry.isFile())
        .map(pathOf)
        .map((path) => ({
          path,
          content: readFileSync(join(repo.root, path)),
          mode: lstatSync(join(repo.root, path)).mode,
        })),
      base: repo.git(['rev-parse', 'main']),
    };
  } finally {
    repo.remove();
  }
}

/** That repository in a folder of its own, with a home of its own, as `createSandboxRepo` gives it. */
function copyOf({ files, folders }: Pattern): SandboxRepo {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-repo-')));
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  for (const { path, content, mode } of files) writeFileSync(join(root, path), content, { mode });
  const path = join(root, 'repo');
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('GIT_') && !['EMAIL', 'XDG_CONFIG_HOME'].includes(name),
  );
  const environment = { ...Object.fromEntries(kept), HOME: join(root, 'home') };
  return {
    root,
    path,
    environment,
    git: (args, cwd = path) =>
      execFileSync('git', args, { cwd, env: environment, encoding: 'utf8', stdio: 'pipe' }).replace(/\n$/, ''),
    write: (to, content) => {
      const file = resolve(path, to);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A fresh fixture, its worktree not made yet. */
export function createFixture(): Fixture {
  pattern ??= makePattern();
  const repo = copyOf(pattern);
  const { base } = pattern;
  const worktree = join(repo.path, '.pawl', 'worktrees', RUN_ID);
  return {
    repo,
    git: createGit({ repository: repo.path, helperFd: null, environment: repo.environment, syncDisks: NO_SYNC }),
    worktree,
    admin: join(repo.path, '.git', 'worktrees', RUN_ID),
    base,
    spec: (changes = {}) => ({
      runId: RUN_ID,
      worktree,
      branch: BRANCH,
      baseBranch: null,
      endedWorktrees: [],
      ...changes,
    }),
    commitSpec: (changes = {}) => ({
      worktree,
      branch: BRANCH,
      key: KEY,
      runId: RUN_ID,
      taskId: 'implementation-1',
      subject: 'Do the work',
      parentCommit: base,
      tree: null,
      ...changes,
    }),
    resetSpec: (name = 'attempt-1') => ({ worktree, branch: BRANCH, commit: base, runId: RUN_ID, name }),
    inside: (args) => repo.git(args, worktree),
    put: (path, content) => repo.write(join(worktree, path), content),
  };
}

/** Path and content of every file below `folder`, but for what `skip` says. */
export function fingerprint(folder: string, skip: (path: string) => boolean = () => false): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (path: string): void => {
    const name = relative(folder, path);
    if (skip(name)) return;
    const stat = lstatSync(path);
    if (stat.isDirectory()) for (const entry of readdirSync(path).sort()) visit(join(path, entry));
    else if (stat.isSymbolicLink()) found[name] = `-> ${readlinkSync(path)}`;
    else found[name] = `${stat.mtimeMs} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
  };
  visit(folder);
  return found;
}

/** The user's own: all files of the main worktree, its index, its HEAD and configuration. */
export function usersCheckout(repo: SandboxRepo): Record<string, string> {
  const own = new Set(['.git/HEAD', '.git/index', '.git/config', '.git/refs/heads/main', '.git/logs/HEAD']);
  return fingerprint(repo.path, (path) => path.startsWith('.pawl') || (/^\.git\/./.test(path) && !isAbove(own, path)));
}

function isAbove(own: ReadonlySet<string>, path: string): boolean {
  for (const name of own) if (name === path || name.startsWith(`${path}/`)) return true;
  return false;
}
