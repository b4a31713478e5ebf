/**
 * The agent that `--agent` named for a run, from its journal alone.
 *
 * Owns: which records name one, and that the last of them counts. Does not own: what outranks it (packets/choose-agents, engine/effects/admit-run).
 *
 * Invariant: the machines do not know it: it counts until the run is admitted, which records the agents themselves.
 */
import type { JournalRecord, RecordedEvent } from '../model/record.ts';

/** The agent that is named once that record is applied; null where none is. */
export function agentAfter(before: string | null, event: RecordedEvent): string | null {
  switch (event.type) {
    case 'packetReceived':
    case 'packetReplaced':
      return event.agentOverride ?? null;
    case 'agentNamed':
      return event.agentOverride;
    default:
      return before;
  }
}

/** The agent that these records name last; null where none does. */
export function agentNamedIn(records: readonly JournalRecord[]): string | null {
  return records.reduce<string | null>((named, { event }) => agentAfter(named, event), null);
}
