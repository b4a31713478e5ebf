/**
 * Starting the built Pawl at a crash site, perhaps with a plan by which it or one of its hosts dies.
 *
 * Owns: the child, its output, its time limit. Does not own: what a plan does (fixtures/crash/crash-point.mjs).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CrashSite, PAWL_PROGRAM } from './crash-site.ts';

const PRELOAD = new URL('../fixtures/crash/crash-point.mjs', import.meta.url).href;
/** For a start that nobody kills; far beyond what it needs on a busy machine. */
const START_MS_MAX = 120_000;

/** Where a process dies, or fails. */
export interface CrashPlan {
  readonly role: 'runner' | 'host';
  /** Which of the counted operations, from 1, or what its description ends with. */
  readonly at: number | string;
  readonly when: 'count' | 'before' | 'after' | 'partial' | 'stop' | 'fail' | 'failOn';
  /** The system's code, for `fail` (once) and `failOn` (from there on). */
  readonly error?: string;
  /** The host of this task alone. */
  readonly task?: string;
  /** A file that is made by the first process that is hit: no second one is. */
  readonly once?: string;
  /** A host takes the runner that started it with it. */
  readonly withParent?: boolean;
  /** Takes what was counted, and what was killed. */
  readonly log?: string;
}

/** How one start of Pawl ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** True when it did not end by itself within its time and was killed. */
  readonly isStuck: boolean;
}

/** A Pawl that runs. */
export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

/** What a start may have otherwise. */
export interface StartOptions {
  readonly plan?: CrashPlan;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** The usual command: the site's packet, driven to its end. */
export const RUN = ['run', '--packets', '../packets.json', '--json'] as const;

/** Starts `pawl` with `args` in the site's repository. */
export function startPawl(site: CrashSite, args: readonly string[], options: StartOptions = {}): Started {
  const { plan, env = {}, timeoutMs = START_MS_MAX } = options;
  const inRunner = plan?.role === 'runner' ? ['--import', PRELOAD] : [];
  const inHost = plan?.role === 'host' ? { NODE_OPTIONS: `--import=${PRELOAD}` } : {};
  const child = spawn(
    process.execPath,
    [...inRunner, PAWL_PROGRAM, ...args, '--config', join(site.root, 'config.json')],
    {
      cwd: site.repo.path,
      env: {
        ...site.repo.environment,
        ...inHost,
        ...(plan === undefined ? {} : { PAWL_CRASH: JSON.stringify(plan) }),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error('pawl could not be started');
  return { child, pid, ended: awaitEnd(child, timeoutMs), kill: (signal) => void child.kill(signal) };
}

/** Starts it and waits for its end. */
export function runPawl(site: CrashSite, args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return startPawl(site, args, options).ended;
}

/** The document on stdout. */
export function documentOf<T>({ stdout, stderr, code }: Ended): T {
  try {
    return JSON.parse(stdout) as T;
  } catch {
    throw new Error(`exit ${code}, no document on stdout: ${stdout.slice(0, 500)}\n${stderr.slice(-2_000)}`);
  }
}

/** The folder of the preloaded program, for environments that name it. */
export const PRELOAD_PATH = fileURLToPath(PRELOAD);

function awaitEnd(child: ChildProcess, timeoutMs: number): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  let isStuck = false;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const timer = setTimeout(() => {
    isStuck = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      // A grandchild may hold the pipes open: what was said is said.
      const settle = (): void => resolve({ code, signal, stdout, stderr, isStuck });
      const drained = setTimeout(settle, 2_000);
      child.once('close', () => {
        clearTimeout(drained);
        settle();
      });
    });
  });
}
