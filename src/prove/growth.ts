/**
 * What a longer journal costs a run that comes back.
 *
 * Owns: writing long journals (lease renewals, no snapshot: the worst case) and timing their rehydration. Does not own: rehydration (engine).
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFs } from '../adapters/node-fs.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { spanMs } from '../base/elapsed.ts';
import { sha256 } from '../base/sha256.ts';
import { examine } from '../engine/recovery/rehydrate.ts';
import { stateHash } from '../kernel/image.ts';
import { RUN_ACTOR } from '../model/record.ts';
import { FIRST_PREV, RECORD_VERSION } from '../model/system-record.ts';
import { decideRun, RUN_RULES, type RunState, type RunStep, runSystem } from '../run/system.ts';
import { storeToLookAt } from '../store/file-store.ts';
import { Files } from '../store/files.ts';
import { sealRecord } from '../store/journal-lines.ts';
import { RegistryPaths } from '../store/registry-paths.ts';
import { inputFor, packetReceived, settlementOf } from './model/settlements.ts';
import type { RecoveryTimes } from './proof.ts';

/** A first one, not told: it pays for compiling the code. */
const WARM_UP = 200;
/** The shortest of so many counts: what else the machine does can only add. */
const TRIES = 3;
const PACKET_TEXT = '{}\n';
const PACKET = { path: 'artifacts/intake/packet-growth.json', sha256: sha256(PACKET_TEXT) };

const RECEIVED = packetReceived();
const FIRST: RunStep = {
  actor: RUN_ACTOR,
  event: RECEIVED.type === 'packetReceived' ? { ...RECEIVED, packet: PACKET } : RECEIVED,
  atMs: 1,
};

/** Milliseconds that a rehydration takes, by records of the journal. Throws when a journal does not come back whole. */
export async function measureGrowth(
  lengths: readonly number[],
  onProgress: (done: number, of: number) => void,
): Promise<RecoveryTimes['growth']> {
  const root = mkdtempSync(join(tmpdir(), 'pawl-growth-'));
  try {
    const paths = new RegistryPaths(join(root, '.pawl'));
    const place = { paths, ...storeToLookAt(new Files(nodeFs, systemClock), paths) };
    const measured: RecoveryTimes['growth'][number][] = [];
    for (const [n, records] of [WARM_UP, ...lengths].entries()) {
      const runId = `run_GROWTH-${n}_${'0'.repeat(12)}`;
      mkdirSync(join(paths.artifacts(runId), 'intake'), { recursive: true });
      writeFileSync(join(paths.run(runId), PACKET.path), PACKET_TEXT);
      writeFileSync(paths.journal(runId), journalOf(runId, records));
      let ms = Number.POSITIVE_INFINITY;
      for (let tries = 0; tries < TRIES; tries += 1)
        ms = Math.min(ms, await timed(() => cameBack(place, runId, records)));
      onProgress(n, lengths.length);
      measured.push({ records, ms });
    }
    return measured.slice(1);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const sinceMs = performance.now();
  await work();
  return spanMs(sinceMs, performance.now());
}

async function cameBack(place: Parameters<typeof examine>[0], runId: string, records: number): Promise<void> {
  const found = await examine(place, runId);
  if (found.kind !== 'live' || found.state.seq !== records)
    throw new Error(`a journal of ${records} came back ${found.kind}`);
}

/** A run that has its lease and renews it again and again. */
function journalOf(runId: string, records: number): string {
  const lines: string[] = [];
  let state: RunState | null = null;
  let prev = FIRST_PREV;
  while (lines.length < records) {
    const input: RunStep = state === null ? FIRST : nextOf(state);
    const decision = decideRun(runId, state, input);
    if (decision.kind === 'refused') throw new Error(`bug: ${input.event.type} is refused: ${decision.reason}`);
    state = decision.state;
    const { record, line } = sealRecord({
      v: RECORD_VERSION,
      rules: RUN_RULES,
      seq: state.seq,
      gen: 1,
      atMs: input.atMs,
      actor: input.actor,
      event: input.event,
      effects: decision.effects,
      post: stateHash(runSystem, state, sha256),
      prev,
    });
    prev = record.sum;
    lines.push(line);
  }
  return lines.join('');
}

function nextOf({ owed }: RunState): RunStep {
  const renewal = owed.find((effect) => effect.kind === 'deadline');
  if (renewal?.kind === 'deadline') {
    return inputFor(renewal, { type: 'deadlineReached', key: renewal.key, id: renewal.id }, renewal.atMs);
  }
  const [effect] = owed;
  const event = effect === undefined ? null : settlementOf(effect);
  if (effect === undefined || event === null) throw new Error('bug: the run owes nothing that can be settled');
  return inputFor(effect, event, 1);
}
