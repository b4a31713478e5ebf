/**
 * What was decided on commands, from a run's journal alone.
 *
 * Owns: which record holds which decision. Does not own: deciding (engine/commands), the mark beside a command (store/inbox).
 */
import type { CommandDecision } from '../model/command.ts';
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
