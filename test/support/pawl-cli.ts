/**
 * The built command line as a child process: how a test calls it and reads what it says.
 *
 * Owns: starting it, its one JSON document, waiting for a fact with a deadline. Does not own: the repository it works in (scenario-repo).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunView } from '../../src/run/run-view.ts';

/** The built program. */
export const CLI = resolve(import.meta.dirname, '../../dist/src/cli/main.js');

const CALL_MS = 300_000;
const LOOK_MS = 20;

/** How a call ended, with all that it said. */
export interface CliEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A call that is under way. */
export interface CliCall {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly ended: Promise<CliEnd>;
  /** What it has said on stderr so far. */
  stderr(): string;
}

/** What `run`, `demo`, `status`, `intake`, `resolve` and `cancel` say with --json. */
export interface RunsDocument {
  readonly runs: readonly RunView[];
}

/** What any command says with --json when it cannot do what it was asked for. */
export interface ErrorDocument {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly subject: string;
    readonly hint: string;
  };
}

/** The call is under way. */
export function startPawl(
  cwd: string,
  env: NodeJS.ProcessEnv,
  args: readonly string[],
  callMs: number = CALL_MS,
  program: string = CLI,
): CliCall {
  if (!existsSync(program)) throw new Error(`${program} is not there: npm run build`);
  const child = spawn(process.execPath, [program, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  const ended = new Promise<CliEnd>((done, fail) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(new Error(`pawl ${args.join(' ')} did not end within ${callMs} ms\n${said.stderr}`));
    }, callMs);
    child.once('error', fail);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      done({ code, signal, ...said });
    });
  });
  ended.catch(() => undefined); // Whoever awaits it gets the rejection; a test that has failed meanwhile does not.
  if (child.pid === undefined) throw new Error('pawl has no pid');
  return { pid: child.pid, child, ended, stderr: () => said.stderr };
}

/** The one JSON document that stdout holds. Throws when it holds anything else. */
export function documentOf<T = RunsDocument>(end: CliEnd): T {
  try {
    return JSON.parse(end.stdout) as T;
  } catch (cause) {
    throw new Error(`stdout is not one JSON document (exit ${end.code}):\n${end.stdout}\n${end.stderr}`, { cause });
  }
}

/** The value of `look` as soon as it is neither null nor false. Throws after `withinMs`, saying `what` was waited for. */
export async function until<T>(what: string, look: () => T | null | false | undefined, withinMs = 240_000): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const value = look();
    if (value !== null && value !== false && value !== undefined) return value;
    if (performance.now() > endMs) throw new Error(`waited ${withinMs} ms for: ${what}`);
    await sleep(LOOK_MS);
  }
}

/** The only run of that packet in the document. Throws when there is none or more than one. */
export function runOf(document: RunsDocument, taskId: string): RunView {
  const runs = document.runs.filter((run) => run.taskId === taskId);
  const [run] = runs;
  if (run !== undefined && runs.length === 1) return run;
  throw new Error(`${runs.length} runs of ${taskId} in ${JSON.stringify(document).slice(0, 2_000)}`);
}

/** The codes of a run's blockers. */
export function codesOf(run: RunView): string[] {
  return run.blockers.map((blocker) => blocker.code);
}
