/**
 * A run with as many records as one wants: a worker that never ends, under a lease that is renewed again and again.
 *
 * Owns: making its records, whole and chained, and writing them with the snapshot of their end. Does not own: what is shown of it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { sha256 } from '../../src/base/sha256.ts';
import { snapshotOf, stateHash } from '../../src/kernel/image.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { FIRST_PREV, RECORD_VERSION } from '../../src/model/system-record.ts';
import { packetReceived, settlementOf } from '../../src/prove/model/settlements.ts';
import { decideRun, RUN_RULES, type RunState, runSystem } from '../../src/run/system.ts';
import { sealRecord } from '../../src/store/journal-lines.ts';
import { jsonBytes } from '../../src/store/json-file.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import type { Folded } from './good-run.ts';

/** The first `count` records. */
export function longRun(runId: string, count: number): Folded[] {
  const made: Folded[] = [];
  let state: RunState | null = null;
  let prev = FIRST_PREV;
  while (made.length < count) {
    const input = nextInput(state);
    const atMs = 1_000_000 + made.length * 1_000;
    const decision = decideRun(runId, state, { ...input, atMs });
    if (decision.kind === 'refused') throw new Error(decision.reason);
    state = decision.state;
    const post = stateHash(runSystem, state, sha256);
    const facts = { v: RECORD_VERSION, seq: state.seq, gen: 1, atMs, ...input, effects: decision.effects, post, prev };
    const { record, line } = sealRecord({ ...facts, v: RECORD_VERSION, rules: RUN_RULES });
    prev = record.sum;
    made.push({ record, line, state, deliveries: decision.deliveries });
  }
  return made;
}

function nextInput(state: RunState | null): { actor: string; event: JournalEvent } {
  if (state === null) return { actor: RUN_ACTOR, event: packetReceived() };
  for (const effect of state.owed.filter(({ kind }) => kind !== 'watchWorker')) {
    if (effect.kind === 'deadline') continue;
    const event = settlementOf(effect);
    if (event !== null) return { actor: effect.actor, event };
  }
  const deadline = state.owed.find(({ kind }) => kind === 'deadline');
  if (deadline?.kind !== 'deadline') throw new Error('nothing is owed that could go on');
  return { actor: RUN_ACTOR, event: { type: 'deadlineReached', key: deadline.key, id: deadline.id } };
}

/** A run of so many records, `run_long_<count>`, with the snapshot of its end. */
export function writeLongRun(registry: string, count: number): void {
  const runId = `run_long_${count}`;
  const made = longRun(runId, count);
  const paths = new RegistryPaths(registry);
  mkdirSync(paths.run(runId), { recursive: true });
  writeFileSync(paths.journal(runId), made.map(({ line }) => line).join(''));
  const last = made.at(-1);
  if (last === undefined) throw new Error('no records');
  writeFileSync(paths.snapshot(runId), jsonBytes(snapshotOf(runSystem, last.state, last.record.sum, 'd'.repeat(64))));
}
