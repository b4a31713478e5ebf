import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { persistedHash, snapshotOf, stateHash, stateImage } from '../../src/kernel/image.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { type JournalRecord, RUN_ACTOR } from '../../src/model/record.ts';
import { FIRST_PREV } from '../../src/model/system-record.ts';
import { packetReceived, settlementOf } from '../../src/prove/model/settlements.ts';
import { decideRun, foldRun, RUN_RULES, type RunState, runSystem } from '../../src/run/system.ts';
import { sealRecord } from '../../src/store/journal-lines.ts';

const RUN = 'run_x';

/** The journal of a run whose workers all succeed, and its state after every record. */
function happyJournal(): { records: JournalRecord[]; states: RunState[] } {
  const records: JournalRecord[] = [];
  const states: RunState[] = [];
  let state: RunState | null = null;
  const commit = (actor: string, event: JournalEvent): RunState => {
    const decision = decideRun(RUN, state, { actor, event, atMs: 1_000 + records.length });
    if (decision.kind === 'refused') throw new Error(decision.reason);
    const prev = records.at(-1)?.sum ?? FIRST_PREV;
    const { seq } = decision.state;
    const post = stateHash(runSystem, decision.state, sha256);
    const fields = {
      v: 2 as const,
      rules: RUN_RULES,
      seq,
      gen: 1,
      atMs: 1_000 + records.length,
      actor,
      event,
      effects: decision.effects,
      post,
      prev,
    };
    records.push(sealRecord(fields).record);
    states.push(decision.state);
    state = decision.state;
    return decision.state;
  };
  let current = commit(RUN_ACTOR, packetReceived());
  for (;;) {
    const effect = current.owed.find((each) => settlementOf(each) !== null);
    const event = effect === undefined ? null : settlementOf(effect);
    if (effect === undefined || event === null) return { records, states };
    current = commit(effect.actor, event);
  }
}

describe('fold', () => {
  const { records, states } = happyJournal();

  it('replays every prefix of a journal to the same bytes', () => {
    expect(records.length).toBe(17);
    for (const [index, expected] of states.entries()) {
      const folding = foldRun(RUN, records.slice(0, index + 1), { hash: sha256 });
      if (folding.kind !== 'whole' || folding.state === null) throw new Error('not whole');
      expect(stateImage(runSystem, folding.state)).toBe(stateImage(runSystem, expected));
    }
  });

  it('gives the same state from records that went through JSON', () => {
    const folding = foldRun(RUN, JSON.parse(JSON.stringify(records)), { hash: sha256 });
    expect(folding.kind).toBe('whole');
  });

  it('refuses a record whose post is not the folded state', () => {
    const tampered = records.map((record) => (record.seq === 5 ? { ...record, post: FIRST_PREV } : record));
    expect(foldRun(RUN, tampered, { hash: sha256 })).toMatchObject({ kind: 'diverged', seq: 5 });
  });

  it('refuses a record whose effects are not those that the machines ask for', () => {
    const tampered = records.map((record) => (record.seq === 3 ? { ...record, effects: [] } : record));
    expect(foldRun(RUN, tampered, { hash: sha256 })).toMatchObject({ kind: 'diverged', seq: 3 });
  });

  it('refuses a journal from which a record is missing', () => {
    const gap = records.filter((record) => record.seq !== 4);
    expect(foldRun(RUN, gap, { hash: sha256 })).toMatchObject({ kind: 'diverged', seq: 5 });
  });

  it('every snapshot matches the post of its record, and a changed one does not', () => {
    for (const [index, state] of states.entries()) {
      const snapshot = JSON.parse(canonicalJson(snapshotOf(runSystem, state, '', '')));
      expect(persistedHash(runSystem, snapshot, sha256)).toBe(records[index]?.post);
      const { context } = snapshot.actors[RUN_ACTOR];
      context.epoch += 1;
      expect(persistedHash(runSystem, snapshot, sha256)).not.toBe(records[index]?.post);
    }
  });
});
