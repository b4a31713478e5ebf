/**
 * Runs git as a child process, without a shell, bounded in time and output. Nothing else in Pawl starts git (test/tidy/git-calls).
 *
 * Owns: one call of git, and its failure as PAWL_GIT_FAILED.
 * Does not own: what is asked of git. Free of zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. GIT_DIR is always named, but in `gitNow`: git never walks up from a damaged worktree into the user's checkout (L8).
 * 2. A helper inherits the registry's `lock.alive` as descriptor 3, so that the next runner can wait for it (design 5, rule 11).
 * 3. Every call ends: by itself, or killed with its group after BOUNDS.gitMs (L9).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { blockerError } from '../../blockers/blocker-error.ts';
import { configHint, type GitFailure } from '../../blockers/git-words.ts';
import { blocker } from '../../model/blocker.ts';
import { type ErrorKind, type PawlError, systemCode } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { GIT_SETTINGS, gitEnvironment, shown } from './git-environment.ts';

/** One call of git, all that it depends on named. */
export interface GitCall {
  readonly args: readonly string[];
  readonly cwd: string;
  /** The repository's git folder, or a linked worktree's own folder in it. */
  readonly gitDir: string;
  /** Null for calls that concern no files. */
  readonly workTree: string | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Exit codes that are answers and no failures; 0 alone by default. */
  readonly answers?: readonly number[];
  /** True keeps git from refreshing the index on the way. */
  readonly isRead?: boolean;
  /** Takes stdout as it comes, unbounded, instead of `text`. */
  readonly onBytes?: (chunk: Uint8Array) => void;
}

/** What a call of git has answered. */
export interface GitOutput {
  readonly exitCode: number;
  /** Stdout, empty when `onBytes` took it. */
  readonly text: string;
  /** The sanitised end of stderr. */
  readonly problem: string;
}

/** The way to call git: resolves with its answer, rejects with PAWL_GIT_FAILED. */
export interface GitRun {
  (call: GitCall): Promise<GitOutput>;
  /** What git's environment is made from. */
  readonly environment: NodeJS.ProcessEnv;
}

const STDERR_BYTES_MAX = 8_192;

/** What a call hands to the system. */
function invocation(call: GitCall, environment: NodeJS.ProcessEnv): { args: string[]; env: NodeJS.ProcessEnv } {
  // Where no files are concerned it is git's own default, told so that `core.worktree` of the shared configuration has no say.
  const place = { GIT_DIR: call.gitDir, GIT_WORK_TREE: call.workTree ?? call.cwd };
  return {
    args: [...GIT_SETTINGS, ...call.args],
    env: gitEnvironment(environment, call.isRead === true, { ...place, ...call.env }),
  };
}

/**
 * PAWL_GIT_FAILED for `git <first words>` in `subject`: terminal where git has answered, retryable where it never could (with a `cause`, or as
 * `kind` says). `failure`: how, or what was said of it.
 */
export function gitFailure(
  args: readonly string[],
  subject: string,
  failure: GitFailure | string,
  cause?: unknown,
  kind: ErrorKind = cause === undefined ? 'terminal' : 'retryable',
): PawlError {
  const told: GitFailure = typeof failure === 'string' ? { kind: 'said', words: shown(failure) } : failure;
  const how: GitFailure = systemCode(cause) === 'ENOENT' ? { kind: 'notFound' } : told;
  const command = shown(args.slice(0, 2).join(' '), 80);
  const params = { reason: 'git', command, place: shown(subject), failure: how } as const;
  const failed = blocker('PAWL_WORKSPACE_FAILED', params, [subject]);
  return blockerError(failed, {
    code: 'PAWL_GIT_FAILED',
    subject,
    kind,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The output when the exit code is an answer; throws PAWL_GIT_FAILED otherwise. */
function judged(
  call: GitCall,
  exitCode: number | null,
  signal: string | null,
  text: string,
  stderr: string,
): GitOutput {
  const problem = shown(stderr);
  // A git that cannot read its configuration has not looked at what it was asked.
  const isAnswer = exitCode === 0 || configHint(problem) === null;
  if (exitCode !== null && isAnswer && (call.answers ?? [0]).includes(exitCode)) return { exitCode, text, problem };
  const how: GitFailure =
    exitCode === null ? { kind: 'signal', signal, said: problem } : { kind: 'exit', exitCode, said: problem };
  // An exit code is git's own word on what it was asked; a signal says nothing about it.
  const kind = exitCode === null ? 'retryable' : 'terminal';
  throw gitFailure(call.args, call.cwd, how, undefined, kind);
}

/** Kills what a call has started, its group included, as long as its leader is not reaped: until then the id is surely its own. */
function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if (systemCode(error) !== 'ESRCH') throw error;
    }
  }
  child.stdout?.destroy();
  child.stderr?.destroy();
}

/**
 * The way to run git for a runner whose helpers hold `helperFd`.
 * Each git leads a session of its own: an interrupt typed at the terminal reaches Pawl, not a half-done git.
 */
export function createGitRun(options: {
  readonly helperFd: number | null;
  readonly environment: NodeJS.ProcessEnv;
}): GitRun {
  const lock = options.helperFd === null ? [] : [options.helperFd];
  const run = (call: GitCall): Promise<GitOutput> =>
    new Promise<GitOutput>((resolve, reject) => {
      const { args, env } = invocation(call, options.environment);
      const child = spawn('git', args, {
        cwd: call.cwd,
        env,
        detached: true,
        stdio: [call.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...lock],
      });
      const out: Uint8Array[] = [];
      let outBytes = 0;
      let stderr = Buffer.alloc(0);
      let broken: PawlError | null = null;
      const breakOff = (failure: GitFailure): void => {
        broken ??= gitFailure(call.args, call.cwd, failure);
        killGroup(child);
      };
      const timer = setTimeout(() => breakOff({ kind: 'slow', ms: BOUNDS.gitMs }), BOUNDS.gitMs);
      child.stdout?.on('data', (chunk: Uint8Array) => {
        if (call.onBytes !== undefined) return call.onBytes(chunk);
        outBytes += chunk.length;
        if (outBytes > BOUNDS.gitOutputBytes) return breakOff({ kind: 'output', bytes: BOUNDS.gitOutputBytes });
        out.push(chunk);
      });
      child.stderr?.on('data', (chunk: Uint8Array) => {
        stderr = Buffer.concat([stderr, chunk]).subarray(-STDERR_BYTES_MAX);
      });
      // A git that ends without reading its input breaks the pipe: its exit code tells the story.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(call.input);
      child.on('error', (error) => {
        clearTimeout(timer);
        reject(gitFailure(call.args, call.cwd, shown(error.message), error));
      });
      child.on('close', (exitCode, signal) => {
        clearTimeout(timer);
        if (broken !== null) return reject(broken);
        try {
          resolve(judged(call, exitCode, signal, Buffer.concat(out).toString('utf8'), stderr.toString('utf8')));
        } catch (error) {
          reject(error);
        }
      });
    });
  return Object.assign(run, { environment: options.environment });
}

/** Takes NUL-separated paths out of a stream: `take` is called with each chunk, `onPath` with each path that is whole. */
export function pathStream(onPath: (path: string) => void): (chunk: Uint8Array) => void {
  return fieldStream((bytes) => onPath(bytes.toString('utf8')));
}

/** As `pathStream`, with the bytes as they came: a path need not be UTF-8. */
export function fieldStream(onField: (bytes: Buffer) => void): (chunk: Uint8Array) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    let bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0)) {
      onField(bytes.subarray(0, end));
      bytes = bytes.subarray(end + 1);
    }
    rest = Buffer.from(bytes);
  };
}

/** What a call of git that was waited for came to; `error` when it could not be started or took too long. */
export interface GitAnswer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly error?: Error;
}

/**
 * One call of git for what is asked before there is a registry: in the repository that the variables of `place` name, else where git discovers one
 * from `cwd`. It holds up the whole process.
 */
export function gitNow(
  args: readonly string[],
  cwd: string | undefined,
  environment: NodeJS.ProcessEnv,
  place: Readonly<Record<string, string>> = {},
): GitAnswer {
  const { status, stdout, stderr, error } = spawnSync('git', [...GIT_SETTINGS, ...args], {
    env: gitEnvironment(environment, true, place),
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: BOUNDS.gitMs,
    killSignal: 'SIGKILL',
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { status, stdout: stdout ?? '', stderr: stderr ?? '', ...(error === undefined ? {} : { error }) };
}
