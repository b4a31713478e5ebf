/**
 * What was decided on commands, from a run's journal alone.
 *
 * Owns: which record holds which decision, and which command. Does not own: deciding (engine/commands), the files of a command (store/inbox, store/recorded-commands).
 */
import type { CommandDecision, RecordedCommand } from '../model/command.ts';
import type { JournalRecord } from '../model/record.ts';

/** The decisions that records hold, by the ids of their commands. */
export type DecidedCommands = Map<string, CommandDecision>;

/** The decision of that record, if it holds one, is among `decided`. */
export function noteDecision(decided: DecidedCommands, { event, seq }: Pick<JournalRecord, 'event' | 'seq'>): void {
  if (!('commandId' in event) || decided.has(event.commandId)) return;
  const code = event.type === 'commandRefused' ? event.code : null;
  decided.set(event.commandId, { isAccepted: code === null, code, seq });
}

/** The decisions of these records. */
export function decidedIn(records: readonly JournalRecord[]): DecidedCommands {
  const decided: DecidedCommands = new Map();
  for (const record of records) noteDecision(decided, record);
  return decided;
}

/** The command that the record decides, where it holds all of it: nothing of it need lie in the inbox. */
export function recordedCommand(
  runId: string,
  { event, seq, atMs }: Pick<JournalRecord, 'event' | 'seq' | 'atMs'>,
): RecordedCommand | null {
  if (event.type !== 'cancelRequested' && event.type !== 'decisionMade') return null;
  const { commandId, by, reason, sent } = event;
  if (sent === undefined) return null;
  const asked =
    event.type === 'cancelRequested'
      ? { command: 'cancel' as const }
      : { command: 'resolve' as const, decision: event.decision };
  return {
    command: { runId, commandId, by, reason, atMs, ...asked },
    key: sent,
    decision: { isAccepted: true, code: null, seq },
  };
}

/** The same of all of these records. */
export function recordedIn(runId: string, records: readonly JournalRecord[]): readonly RecordedCommand[] {
  return records.map((record) => recordedCommand(runId, record)).filter((recorded) => recorded !== null);
}
