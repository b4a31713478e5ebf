/**
 * Runs one command of a verification task and keeps the end of what it says.
 *
 * Owns: starting without a shell, what the command's environment leaves out, how its end is worded, whether a start that failed is the work's to mend. Does not own: the verdict (verification-worker).
 *
 * Invariants: 1. Completion is process exit, never end of output: a child that holds the pipe open delays nothing but a short grace. 2. Memory is bounded (L9).
 */
import { spawn } from 'node:child_process';
import { delimiter, isAbsolute, relative, resolve, sep } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { onceEnded } from '../base/child-end.ts';
import { spanMs } from '../base/elapsed.ts';
import { systemCode } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { MARK_VARIABLE } from '../model/request.ts';

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

/** How long output that is on its way is waited for once the command has exited. */
const DRAIN_MS = 500;

/** Resolves when the command has exited, its output echoed to our own; never rejects for what the command does. */
export function runCommand(argv: readonly [string, ...string[]]): Promise<EndedCommand> {
  const [program, ...args] = argv;
  const startedAtMs = performance.now();
  const ring = createRing();
  process.stdout.write(`$ ${argv.map((word) => JSON.stringify(word)).join(' ')}\n`);
  return new Promise((done) => {
    const end = (exitCode: number | null, signal: string | null, problem: string | null): void => {
      const durationMs = Math.round(spanMs(startedAtMs, performance.now()));
      done({ argv, exitCode, signal, durationMs, output: ring.text(), problem, isOutOfReach: false });
    };
    const neverBegan = (error: unknown): void => {
      const isOutOfReach = !isInReach(program, systemCode(error));
      done({
        ...{ argv, exitCode: null, signal: null, durationMs: 0, output: '' },
        problem: notStarted(error),
        isOutOfReach,
      });
    };
    let child: ReturnType<typeof start>;
    try {
      child = start(program, args);
    } catch (error) {
      neverBegan(error);
      return;
    }
    for (const stream of [child.stdout, child.stderr]) {
      const decoder = new StringDecoder('utf8');
      stream.on('data', (chunk: Buffer) => {
        ring.add(decoder.write(chunk));
        if (process.stdout.write(chunk)) return;
        stream.pause();
        process.stdout.once('drain', () => stream.resume());
      });
    }
    child.once('error', (error) => {
      if (child.pid === undefined) neverBegan(error);
    });
    onceEnded(child, DRAIN_MS, (exitCode, signal) => {
      child.stdout.destroy();
      child.stderr.destroy();
      end(exitCode, signal, problemOf(exitCode, signal));
    });
  });
}

function start(program: string, args: readonly string[]) {
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment() });
}

/** Ours without what tells a worker about its task: a command must not find the answer's place. The mark stays, it finds survivors. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PAWL_') || name === MARK_VARIABLE),
  );
}

function notStarted(error: unknown): string {
  const code = systemCode(error);
  if (code === 'ENOENT') return 'could not be started: program not found (ENOENT)';
  if (code === 'EACCES') return 'could not be started: it may not be executed (EACCES)';
  return `could not be started${code === undefined ? '' : ` (${code})`}`;
}

/** Codes that say what the program's file is: in the worktree, the work can mend them. */
const OF_THE_FILE: readonly (string | undefined)[] = ['ENOENT', 'EACCES', 'ENOEXEC', 'ENOTDIR', 'ELOOP', 'EISDIR'];

/** True when the program is looked for in the worktree, where the work may create or correct it. */
function isInReach(program: string, code: string | undefined): boolean {
  if (!OF_THE_FILE.includes(code)) return false;
  const places = program.includes('/') ? [program] : (process.env.PATH ?? '').split(delimiter);
  return places.some((place) => {
    const way = relative(process.cwd(), resolve(place));
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
