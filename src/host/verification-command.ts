/**
 * Runs one command of a verification task and keeps the end of what it says.
 *
 * Owns: what the command's environment leaves out, what is kept of its output, how its end is worded, whether a start that failed is the work's to mend.
 * Does not own: starting it (ports/commands), the verdict (verification-worker).
 *
 * Invariant: memory is bounded (L9).
 */
import { delimiter, isAbsolute, relative, resolve, sep } from 'node:path';
import { spanMs } from '../base/elapsed.ts';
import { BOUNDS } from '../model/limits.ts';
import { MARK_VARIABLE } from '../model/request.ts';
import type { CommandsPort } from '../ports/commands.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Where commands are run. */
export interface CommandPlace {
  readonly commands: CommandsPort;
  /** Of the worker itself. */
  readonly env: Variables;
  /** The worktree, absolute. */
  readonly worktree: string;
}

/** A command that has ended, or could not be started. */
export interface EndedCommand {
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly durationMs: number;
  /** The end of its output as it came, not yet sanitised; begins with a whole line where it was cut. */
  readonly output: string;
  /** What went wrong, null when it exited with 0. */
  readonly problem: string | null;
  /** It could not be started, and nothing that is changed in the worktree could mend that. */
  readonly isOutOfReach: boolean;
}

/** Kept of the output before it is sanitised, which shortens it. */
const RING_CHARS = 4 * BOUNDS.outputTailChars;

/** Resolves when the command has exited; never rejects for what the command does. */
export async function runCommand(argv: readonly [string, ...string[]], place: CommandPlace): Promise<EndedCommand> {
  const startedAtMs = performance.now();
  const ring = createRing();
  const end = await place.commands.run({ argv, env: environmentOf(place.env) }, ring.add);
  if (end.kind === 'notStarted') {
    return {
      ...{ argv, exitCode: null, signal: null, durationMs: 0, output: '' },
      problem: notStarted(end.code),
      isOutOfReach: !isInReach(argv[0], end.code, place),
    };
  }
  const { exitCode, signal } = end;
  const durationMs = Math.round(spanMs(startedAtMs, performance.now()));
  const problem = problemOf(exitCode, signal);
  return { argv, exitCode, signal, durationMs, output: ring.text(), problem, isOutOfReach: false };
}

/** The worker's without what tells it about its task: a command must not find the answer's place. The mark stays, it finds survivors. */
function environmentOf(env: Variables): Variables {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('PAWL_') || name === MARK_VARIABLE),
  );
}

function notStarted(code: string | null): string {
  if (code === 'ENOENT') return 'could not be started: program not found (ENOENT)';
  if (code === 'EACCES') return 'could not be started: it may not be executed (EACCES)';
  return `could not be started${code === null ? '' : ` (${code})`}`;
}

/** Codes that say what the program's file is: in the worktree, the work can mend them. */
const OF_THE_FILE: readonly (string | null)[] = ['ENOENT', 'EACCES', 'ENOEXEC', 'ENOTDIR', 'ELOOP', 'EISDIR'];

/** True when the program is looked for in the worktree, where the work may create or correct it. */
function isInReach(program: string, code: string | null, { env, worktree }: CommandPlace): boolean {
  if (!OF_THE_FILE.includes(code)) return false;
  const places = program.includes('/') ? [program] : (env.PATH ?? '').split(delimiter);
  return places.some((place) => {
    const way = relative(worktree, resolve(worktree, place));
    return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  });
}

function problemOf(exitCode: number | null, signal: string | null): string | null {
  if (exitCode === 0) return null;
  return exitCode === null ? `was ended by ${signal ?? 'a signal'}` : `exited with ${exitCode}`;
}

function createRing(): { add(text: string): void; text(): string } {
  let kept = '';
  let isCut = false;
  return {
    add: (text) => {
      kept += text;
      if (kept.length <= 2 * RING_CHARS) return;
      kept = kept.slice(-RING_CHARS);
      isCut = true;
    },
    text: () => (isCut ? kept.slice(kept.indexOf('\n') + 1) : kept),
  };
}
