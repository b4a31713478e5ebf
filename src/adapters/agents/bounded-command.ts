/**
 * One short command, asked for what it prints.
 *
 * Owns: running it without a shell, its bounds, the end of everything that it started in its own process group. Does not own: what its output means.
 *
 * Invariant: 1. It ends, and its result is there, within its bounds (L9); a command that cannot be started is a result, too.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { onceEnded } from '../processes/child-end.ts';

/** What to run, and its bounds. */
export interface BoundedCommand {
  readonly path: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeMs: number;
  /** Of standard output and standard error together. */
  readonly outputBytesMax: number;
}

/** What came of it; `failure` says in words why there is no exit code. */
export type CommandOutcome =
  | { readonly status: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly status: 'failed'; readonly failure: string };

const DRAIN_MS = 200;

/** Runs it with an empty standard input; never rejects. */
export async function runBounded(command: BoundedCommand): Promise<CommandOutcome> {
  try {
    const child = spawn(command.path, command.args, {
      cwd: command.cwd,
      env: command.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    return await outcomeOf(child, command);
  } catch (error) {
    // Node throws some refusals of the system (a program that is being written) and tells others as events.
    return { status: 'failed', failure: `could not be started: ${error instanceof Error ? error.message : error}` };
  }
}

function outcomeOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
  bounds: BoundedCommand,
): Promise<CommandOutcome> {
  return new Promise((settle) => {
    const chunks: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
    let bytes = 0;
    let isSettled = false;
    const finish = (outcome: CommandOutcome): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      endGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      settle(outcome);
    };
    const fail = (failure: string): void => finish({ status: 'failed', failure });
    const timer = setTimeout(() => fail(`did not end within ${bounds.timeMs / 1000} s`), bounds.timeMs);
    const textOf = (name: 'stdout' | 'stderr'): string => Buffer.concat(chunks[name]).toString('utf8');
    const exited = (code: number | null, signal: string | null): void => {
      if (code === null) fail(`was ended by ${signal ?? 'a signal'}`);
      else finish({ status: 'exited', code, stdout: textOf('stdout'), stderr: textOf('stderr') });
    };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > bounds.outputBytesMax) fail(`wrote more than ${bounds.outputBytesMax} bytes`);
        else chunks[name].push(chunk);
      });
    }
    child.on('error', (error) => fail(`could not be started: ${error.message}`));
    onceEnded(child, DRAIN_MS, exited);
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}
