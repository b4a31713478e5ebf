/**
 * One turn of a real agent, started for a probe and watched from outside.
 *
 * Owns: starting it without Pawl's host, reading what it writes. Does not own: what the probe shows (probe), ending a tree (worker/ending).
 *
 * Invariant: 1. The turn carries its mark from its first instruction on: whatever it starts can be found.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import type { ProcessIdentity } from '../../base/process-identity.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { AgentAdapter, TurnCommand } from '../../ports/agent-adapter.ts';
import type { WorkerExit } from '../../ports/gate.ts';
import type { HostProcessesPort } from '../../ports/processes.ts';
import { FIRST_LINE, readLines, readRest } from '../../turn/agent-lines.ts';
import { foldEvent, foldLines, SILENT_TURN, type Turn } from '../../turn/turn.ts';

/** What a turn is started from. */
export interface ProbeTurnStart {
  readonly adapter: AgentAdapter;
  /** Absolute path of the program. */
  readonly path: string;
  readonly command: TurnCommand;
  readonly prompt: string;
  readonly env: Readonly<Record<string, string>>;
  readonly worktree: string;
  /** An absolute path that the turn's files begin with. */
  readonly files: string;
  /** The session that is to be gone on with. */
  readonly resumed: string | null;
}

/** A turn under way, or ended. */
export interface ProbeTurn {
  /** Null when it had ended before it could be identified. */
  readonly worker: ProcessIdentity | null;
  /** Null while it runs. */
  exit(): WorkerExit | null;
  /** What its output has come to; with what its exit tells once it has ended. */
  turn(): Turn;
  /** The last words on its standard error. */
  stderrTail(): string;
}

/** The agent has been started. */
export async function startProbeTurn(start: ProbeTurnStart, processes: HostProcessesPort): Promise<ProbeTurn> {
  const { command, adapter } = start;
  const paths = { prompt: `${start.files}.prompt`, output: `${start.files}.ndjson`, stderr: `${start.files}.stderr` };
  writeFileSync(paths.prompt, start.prompt);
  const fds = [openSync(paths.prompt, 'r'), openSync(paths.output, 'a'), openSync(paths.stderr, 'a')] as const;
  let exit: WorkerExit | null = null;
  try {
    const child = spawn(start.path, command.args, {
      cwd: start.worktree,
      env: { ...start.env, ...command.env },
      stdio: [command.stdin === 'prompt' ? fds[0] : 'ignore', fds[1], fds[2]],
      detached: true,
    });
    child.once('exit', (code, signal) => {
      exit = { code, signal };
    });
    await spawned(child);
    const worker = child.pid === undefined ? null : processes.identify(child.pid);
    const stderrTail = (): string => readFileSync(paths.stderr).subarray(-BOUNDS.stderrTailBytes).toString('utf8');
    return { worker, exit: () => exit, stderrTail, turn: () => turnOf(adapter, start, paths.output, exit, stderrTail) };
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

function turnOf(
  adapter: AgentAdapter,
  start: ProbeTurnStart,
  output: string,
  exit: WorkerExit | null,
  stderrTail: () => string,
): Turn {
  const { lines } = (exit === null ? readLines : readRest)(FIRST_LINE, readFileSync(output));
  const turn = foldLines(SILENT_TURN, lines, (line) => adapter.read(line));
  if (exit === null) return turn;
  const events = adapter.readExit({
    ...exit,
    stderrTail: stderrTail(),
    hasEnded: turn.ended !== null,
    hasCompleted: turn.ended?.how === 'completed',
    resumed: start.resumed,
  });
  return events.reduce(foldEvent, turn);
}
