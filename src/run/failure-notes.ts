/**
 * Why a run has stopped, in its workers' own words: the end of what failed, and what the gates have found.
 *
 * Owns: the shape, and how much of it is shown. Does not own: reading the files (engine/failure-notes), the layout (cli/failure-lines).
 *
 * Invariants: 1. Everything in it is one line of safe text, bounded in number and length (L9). 2. Paths are absolute, so that they can be opened
 * from anywhere.
 */
import { sanitise } from '../base/sanitise.ts';
import { visible } from '../base/visible.ts';
import type { CommandRun } from '../model/request.ts';

/** The end of an output. */
export interface OutputEnd {
  /** Its source: a command with how it ended, or a task's output. */
  readonly what: string;
  /** Absolute path of the full text. */
  readonly file: string;
  readonly lines: readonly string[];
}

/** A finding of a gate. */
export interface NotedFinding {
  readonly severity: string;
  readonly message: string;
  /** `<absolute path>[:<line>]`; null where the gate named no file. */
  readonly place: string | null;
}

/** What one gate has found in one round. */
export interface NotedGate {
  readonly gate: string;
  readonly round: number;
  readonly findings: readonly NotedFinding[];
  readonly findingsLeftOut: number;
}

/** Why a run has stopped, in its workers' own words. */
export interface FailureNotes {
  readonly gates: readonly NotedGate[];
  readonly outputs: readonly OutputEnd[];
}

/** Bounds of what is shown. */
export const NOTE_BOUNDS = { lines: 12, lineChars: 300, findings: 20, tailBytes: 16 * 1024 } as const;

/** How a command ended, in two words. */
export function commandEnd({ exitCode, signal }: Pick<CommandRun, 'exitCode' | 'signal'>): string {
  if (exitCode !== null) return `exit ${exitCode}`;
  return signal === null ? 'could not be started' : `signal ${oneLine(signal)}`;
}

/** The text of a finding that is shown beside the commands' outputs: below its first line such a finding only repeats them. */
export function withoutOutput(message: string, commands: readonly CommandRun[]): string {
  return commands.length === 0 ? message : (message.split('\n')[0] ?? '');
}

/** The last non-empty lines of a text, each safe to show. */
export function lastLines(text: string): readonly string[] {
  return text
    .split('\n')
    .map(oneLine)
    .filter((line) => line.trim() !== '')
    .slice(-NOTE_BOUNDS.lines);
}

/** Text from outside as one safe line. */
export function oneLine(text: string): string {
  const safe = sanitise(text, NOTE_BOUNDS.lineChars).replaceAll(/\s*\n\s*/g, ' ');
  return visible(safe.replaceAll('\t', '  ')).trimEnd();
}
