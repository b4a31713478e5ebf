/**
 * The records of a run in which everything goes well, as its journal would hold them.
 *
 * Owns: making them by the pure core alone. Does not own: files.
 */

import { sha256 } from '../../src/base/sha256.ts';
import { stateHash } from '../../src/kernel/image.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { type JournalRecord, RUN_ACTOR } from '../../src/model/record.ts';
import { FIRST_PREV, RECORD_VERSION } from '../../src/model/system-record.ts';
import { packetReceived, settlementOf } from '../../src/prove/model/settlements.ts';
import { decideRun, RUN_RULES, type RunDelivery, type RunState, runSystem } from '../../src/run/system.ts';
import { sealRecord } from '../../src/store/journal-lines.ts';

/** A record with the state that it leads to. */
export interface Folded {
  readonly record: JournalRecord;
  readonly line: string;
  readonly state: RunState;
  readonly deliveries: readonly RunDelivery[];
}

/** The records of a run in which everything goes well. */
export function* goodRun(runId: string): Generator<Folded> {
  let state: RunState | null = null;
  let prev = FIRST_PREV;
  let next: { actor: string; event: JournalEvent } | null = { actor: RUN_ACTOR, event: packetReceived() };
  while (next !== null) {
    const atMs = 1_000_000 + (state?.seq ?? 0) * 1_000;
    const decision = decideRun(runId, state, { ...next, atMs });
    if (decision.kind === 'refused') throw new Error(decision.reason);
    state = decision.state;
    const { record, line } = sealRecord({
      v: RECORD_VERSION,
      rules: RUN_RULES,
      seq: state.seq,
      gen: 1,
      atMs,
      ...next,
      effects: decision.effects,
      post: stateHash(runSystem, state, sha256),
      prev,
    });
    prev = record.sum;
    yield { record, line, state, deliveries: decision.deliveries };
    const owed = state.owed.map((effect) => ({ actor: effect.actor, event: settlementOf(effect) }));
    next = owed.flatMap(({ actor, event }) => (event === null ? [] : [{ actor, event }]))[0] ?? null;
  }
}
