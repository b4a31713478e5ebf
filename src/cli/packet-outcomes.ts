/**
 * The result of an intake, packet by packet: as data, as lines, as an exit code.
 *
 * Owns: those three, shared by `intake` and `run --packets`. Does not own: deciding it (engine/intake).
 */
import { visible } from '../base/visible.ts';
import type { PacketOutcome } from '../engine/intake.ts';
import { PawlError } from '../model/error.ts';
import { EXIT, type ExitCode } from '../model/error-codes.ts';
import { actionLines, errorReport, type Output } from './output.ts';

/** One packet's outcome as a command reports it with --json. */
export interface ReportedOutcome {
  readonly taskId: string;
  readonly runId: string;
  readonly outcome: PacketOutcome['outcome'];
  /** Null unless it was refused. */
  readonly error: ReturnType<typeof errorReport> | null;
}

/** The outcomes as data, in the order of the file. */
export function reportedOutcomes(outcomes: readonly PacketOutcome[]): readonly ReportedOutcome[] {
  return outcomes.map(({ taskId, runId, outcome, refusal }) => ({
    taskId,
    runId,
    outcome,
    error: refusal === null ? null : errorReport(new PawlError(refusal)),
  }));
}

/** The lines about the packets that were refused. */
export function refusedLines({ colour }: Output, outcomes: readonly PacketOutcome[]): readonly string[] {
  return outcomes.flatMap(({ taskId, refusal }) => {
    if (refusal === null) return [];
    const { code, message } = errorReport(new PawlError(refusal));
    return [
      `${colour.yellow('✕')} ${visible(taskId)}  ${colour.bold('not recorded')}`,
      `    ${colour.yellow(code)}  ${message}`,
      `    ${colour.dim('next')}  ${refusal.hint}`,
      ...actionLines(refusal.actions, colour.dim).map((line) => `    ${line}`),
    ];
  });
}

/** The exit code that refused packets give a command whose runs would give `code`: the first that applies of 5, 3, `code`. */
export function withRefused(outcomes: readonly PacketOutcome[], code: ExitCode): ExitCode {
  const codes = outcomes.flatMap(({ refusal }) => (refusal === null ? [] : [refusal.code]));
  if (code === EXIT.quarantined || codes.includes('PAWL_RUN_QUARANTINED')) return EXIT.quarantined;
  return codes.length > 0 ? EXIT.blocked : code;
}
