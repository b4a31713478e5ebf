/**
 * Settlements of every effect, as a well-behaved world would give them: for tests that drive the pure core.
 *
 * Owns: default events for effects. Does not own: deciding which is next.
 */

import type { KeyedEffect } from '../../model/effect.ts';
import type { JournalEvent, Policy } from '../../model/event.ts';
import { RUN_ACTOR } from '../../model/record.ts';
import type { RunContext } from '../../model/run-context.ts';
import type { RunStep } from '../../run/system.ts';

/** A hash for tests. */
export const HASH = 'a'.repeat(64);
/** A hash that is not the first one. */
const OTHER_HASH = 'd'.repeat(64);
/** The commit that work ends at, in tests. */
export const COMMIT = 'c'.repeat(40);
/** The commit that work starts from, in tests. */
export const BASE = 'b'.repeat(40);

/** The default limits, as the machines see them. */
export const POLICY: Policy = {
  attemptsMax: 2,
  fixAttemptsMax: 2,
  lostRetriesMax: 1,
  interruptionsMax: 10,
  limitWaitsMax: 1,
  hostStartsMax: 5,
  leaseTtlMs: 1_000_000,
};

/** The first event of a run. */
export function packetReceived(missingFields: string[] = [], policy: Policy = POLICY): JournalEvent {
  return {
    type: 'packetReceived',
    taskId: 'T-1',
    packetHash: HASH,
    packet: { path: 'artifacts/intake/packet-aaaaaaaaaaaa.json', sha256: HASH },
    missingFields,
    surfaces: ['branch:acme/app#feature/x', 'path:acme/app/src'],
    branch: 'feature/x',
    limits: {},
    policy,
  };
}

/** Another packet in place of the one that a run has: it names another path, and of what the work touches beyond its surfaces none. */
export function packetReplaced({
  packetHash,
  policy,
  surfacesAdded = [],
}: Pick<RunContext, 'packetHash' | 'policy'> & Partial<Pick<RunContext, 'surfacesAdded'>>): Extract<
  JournalEvent,
  { type: 'packetReplaced' }
> {
  const sha256 = packetHash === HASH ? OTHER_HASH : HASH;
  return {
    type: 'packetReplaced',
    commandId: 'c',
    by: 'operator',
    reason: 'r',
    previousHash: packetHash,
    packetHash: sha256,
    packet: { path: `artifacts/intake/packet-${sha256.slice(0, 12)}.json`, sha256 },
    surfaces: ['branch:acme/app#feature/x', `path:acme/app/${sha256 === HASH ? 'src' : 'lib'}`],
    ...(surfacesAdded.length === 0 ? {} : { surfacesBeyond: [...surfacesAdded] }),
    limits: {},
    policy,
  };
}

/** The good settlement of an effect; null for those that wait for something else. */
export function settlementOf(effect: KeyedEffect): JournalEvent | null {
  const { key } = effect;
  switch (effect.kind) {
    case 'admitRun':
      return {
        type: 'runAdmitted',
        key,
        agents: { implementer: 'a', fixer: 'a', reviewer: 'a', verifier: 'a' },
        hasSetup: false,
      };
    case 'acquireLease':
      return { type: 'leaseAcquired', key, surfaces: [...effect.surfaces] };
    case 'awaitSurface':
      return { type: 'surfaceFreed', key };
    case 'prepareWorkspace':
      return {
        type: 'workspacePrepared',
        key,
        baseBranch: 'main',
        baseCommit: BASE,
        headCommit: BASE,
      };
    case 'prepareTask':
      return { type: 'taskRequested', key, taskId: effect.taskId, requestHash: HASH, agent: 'a', rescueRef: null };
    case 'commitWork':
      return {
        type: 'workCommitted',
        key,
        taskId: effect.taskId,
        commit: COMMIT,
        fileCount: 1,
        filesChanged: ['x'],
        patchHash: HASH,
        outcomeHash: HASH,
      };
    case 'judgeGate':
      return {
        type: 'gateJudged',
        key,
        gate: effect.gate,
        taskId: effect.taskId,
        epoch: effect.epoch,
        status: 'PASS',
        commit: effect.commit,
        evidence: { path: `artifacts/${effect.gate}/x.json`, sha256: HASH },
        findingCount: 0,
        blocker: null,
      };
    case 'projectHandoff':
      return {
        type: 'handoffProjected',
        key,
        artifact: { path: 'artifacts/handoff/x.json', sha256: HASH },
        reference: 'x',
      };
    case 'startHost':
    case 'awaitWorker':
    case 'watchWorker':
    case 'endTask':
      return taskSettlementOf(effect);
    case 'deadline':
      // A lease is renewed for as long as its run lasts: that leads nowhere.
      return effect.id === 'lease' ? null : { type: 'deadlineReached', key, id: effect.id };
  }
}

/** The input that settles an effect. */
export function inputFor(effect: KeyedEffect, event: JournalEvent, atMs: number): RunStep {
  return { actor: effect.actor ?? RUN_ACTOR, event, atMs };
}

/** The good settlement of a task's effect. */
function taskSettlementOf(
  effect: Extract<KeyedEffect, { kind: 'startHost' | 'awaitWorker' | 'watchWorker' | 'endTask' }>,
): JournalEvent {
  const { key } = effect;
  switch (effect.kind) {
    case 'startHost':
    case 'awaitWorker':
      return { type: 'workerSpawned', key, agentHash: HASH, pid: 42, startedAtMs: 1_000 };
    case 'watchWorker':
    case 'endTask':
      return {
        type: 'workerEnded',
        key,
        result: effect.kind === 'endTask' ? 'cancelled' : 'completed',
        by: 'host',
        outcomeHash: HASH,
        completionHash: HASH,
        exitCode: 0,
        signal: null,
        blocker: null,
      };
  }
}
