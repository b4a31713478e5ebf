/**
 * Starting the built Pawl at a crash site, perhaps with a plan by which it or one of its hosts dies.
 *
 * Owns: the child, its output, its time limit. Does not own: what a plan does (preload/kill-point).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtPath } from '../../adapters/built-path.ts';
import { onceEnded } from '../../adapters/processes/child-end.ts';
import { PLAN_VARIABLE, type Plan } from './plan.ts';
import type { CrashSite } from './site.ts';

const PRELOAD = pathToFileURL(builtPath('prove/preload/kill-point.js')).href;
/** How long what was said may still be on its way once a process has ended. */
const DRAIN_MS = 2_000;
/** For a start that nobody kills; far beyond what it needs on a busy machine. */
const START_MS_MAX = 300_000;

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
  readonly plan?: Plan;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** The usual command: the site's packet, driven to its end. */
export const RUN = ['run', '--packets', '../packets.json', '--json'] as const;

/** Starts `pawl` with `args` in the site's repository. */
export function startPawl(site: CrashSite, args: readonly string[], options: StartOptions = {}): Started {
  const { plan, env = {}, timeoutMs = START_MS_MAX } = options;
  const inRunner = plan?.role === 'runner' ? ['--import', PRELOAD] : [];
  const argv = [...inRunner, site.program, ...args, '--config', join(site.root, 'config.json')];
  const [command = process.execPath, ...rest] = site.wrap([process.execPath, ...argv]);
  const child = spawn(command, rest, {
    cwd: site.repo.path,
    env: { ...site.repo.environment, ...site.environment, ...planEnvironment(site, plan), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('pawl could not be started');
  return { child, pid, ended: awaitEnd(child, timeoutMs), kill: (signal) => void child.kill(signal) };
}

function planEnvironment(site: CrashSite, plan: Plan | undefined): NodeJS.ProcessEnv {
  if (plan === undefined) return {};
  const carried = { [PLAN_VARIABLE]: JSON.stringify({ root: site.root, ...plan }) };
  if (plan.role === 'runner') return carried;
  const options = site.environment.NODE_OPTIONS ?? '';
  return { ...carried, NODE_OPTIONS: `${options} --import=${PRELOAD}`.trim() };
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
    child.once('exit', () => clearTimeout(timer));
    onceEnded(child, DRAIN_MS, (code, signal) => resolve({ code, signal, stdout, stderr, isStuck }));
  });
}
