/**
 * What the watched processes of a trial write down, and under which plan: one line of JSON each, in one file.
 *
 * Owns: the variable that carries the plan, the lines, appending and reading them. Does not own: what is watched (watch-files, watch-network).
 * Free of zod and xstate: every process of a trial loads this.
 *
 * Invariant: lines are written with Node's own functions as they were before anybody wrapped them, so that watching is never watched or counted.
 */
import fs from 'node:fs';
import { basename } from 'node:path';

/** The variable that carries the plan as JSON; every child inherits it. */
export const GUARD_VARIABLE = 'PAWL_PROVE_GUARD';

/** What a watched process must know. */
export interface GuardPlan {
  /** Folders in which everything may be changed, links in them resolved. */
  readonly roots: readonly string[];
  /** Takes the lines. */
  readonly log: string;
}

/** One line: a process that is watched from its start on, or something that it must not do. */
export interface GuardLine {
  readonly kind: 'watched' | 'violation';
  readonly pid: number;
  /** The name of the process's program. */
  readonly program: string;
  /** What it did; empty for `watched`. */
  readonly action: string;
}

const { openSync, writeSync, closeSync, readFileSync } = fs;
const STDERR = 2;

/** The plan of this process, null when it has none. */
export function takeGuardPlan(environment: NodeJS.ProcessEnv): GuardPlan | null {
  const text = environment[GUARD_VARIABLE];
  if (text === undefined || text === '') return null;
  const plan: GuardPlan = JSON.parse(text);
  return plan;
}

/** Logs what this process does, each action once. */
export class GuardLog {
  readonly #path: string;
  readonly #told = new Set<string>();

  constructor(path: string) {
    this.#path = path;
  }

  /** It is on record that this process is watched. */
  arrive(): void {
    this.#append('watched', '');
  }

  /** Logs that this process did something forbidden; `action` completes the sentence "it …". */
  violation(action: string): void {
    if (this.#told.has(action)) return;
    this.#told.add(action);
    this.#append('violation', action);
  }

  #append(kind: GuardLine['kind'], action: string): void {
    const program = basename(process.argv[1] ?? 'node');
    const line: GuardLine = { kind, pid: process.pid, program, action };
    try {
      const fd = openSync(this.#path, 'a', 0o600);
      // One write, so that lines of several processes never mix.
      writeSync(fd, `${JSON.stringify(line)}\n`);
      closeSync(fd);
    } catch (error) {
      // Without a log there is only this; the process itself must continue as if nobody watched.
      writeSync(STDERR, `pawl prove, guard: ${action || kind} could not be written down: ${String(error)}\n`);
    }
  }
}

/** The lines of a log, none when nobody has written. A line that cannot be read is a violation. */
export function readGuardLog(path: string): readonly GuardLine[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parsedLine);
}

function parsedLine(text: string): GuardLine {
  try {
    const line: GuardLine = JSON.parse(text);
    return line;
  } catch {
    return { kind: 'violation', pid: 0, program: 'guard', action: `left a line that cannot be read: ${text}` };
  }
}
