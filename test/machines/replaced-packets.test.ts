/** A packet in the place of another one: where a run takes it, what is forgotten and what stays, and where the run resumes. */

import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import type { RunEvent } from '../../src/model/event.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { openedRun } from '../../src/prove/model/graph.ts';
import { placeOf } from '../../src/prove/model/key.ts';
import { packetReplaced } from '../../src/prove/model/settlements.ts';
import { MODEL_RUN, stepsOf } from '../../src/prove/model/world.ts';
import { SMALL, wholeWorld } from '../../src/prove/model/worlds.ts';
import { decideRun, type RunState, type RunStep } from '../../src/run/system.ts';
import { sampleOf } from '../support/sample-blockers.ts';

const world = wholeWorld(SMALL);

function taken(state: RunState, input: RunStep): RunState {
  const decision = decideRun(MODEL_RUN, state, input);
  if (decision.kind === 'refused') throw new Error(`${decision.code}: ${decision.reason}`);
  return decision.state;
}

/** After those steps; `change` may say more of an event than the model does. */
function stateAfter(types: readonly string[], change: (input: RunStep) => RunStep = (input) => input): RunState {
  return types.reduce((state, type) => {
    const input = stepsOf(state, world).find((step) => step.type === type)?.input;
    if (input === undefined) throw new Error(`${type} is not possible`);
    return taken(state, change(input));
  }, openedRun(world));
}

const ADMITTED = ['runAdmitted', 'leaseAcquired', 'workspacePrepared'];
const TASK = ['taskRequested', 'workerEnded completed'];
const WORKED = [...ADMITTED, ...TASK, 'workCommitted'];
const VERIFIED = [...WORKED, ...TASK, 'gateJudged PASS'];
const FAILED = [...WORKED, ...TASK, 'gateJudged FAIL', ...TASK, 'workCommitted', ...TASK, 'gateJudged FAIL'];
const AGAIN = ['packetReplaced', 'runAdmitted', 'leaseAcquired'];

describe('a packet is replaced', () => {
  it.each([
    ['before its run is admitted', [], 'implementing.preparing'],
    ['whose run cannot be admitted', ['admissionRefused'], 'implementing.preparing'],
    ['while its run waits for its lease', ['runAdmitted'], 'implementing.preparing'],
    ['whose lease another run holds', ['runAdmitted', 'leaseRefused'], 'implementing.preparing'],
    ['whose workspace is refused', ['runAdmitted', 'leaseAcquired', 'workspaceRefused'], 'implementing.preparing'],
    [
      'whose implementation is blocked',
      [...ADMITTED, 'taskRequested', 'workerEnded blocked'],
      'implementing.requested',
    ],
    [
      'whose agent has reached a limit',
      [...ADMITTED, 'taskRequested', 'workerEnded limited'],
      'implementing.requested',
    ],
    ['whose work cannot be committed', [...ADMITTED, ...TASK, 'workRefused'], 'implementing.committing'],
    ['whose work goes beyond it', [...ADMITTED, ...TASK, 'surfaceExceeded strict'], 'implementing.committing'],
    ['whose commands cannot be run', [...WORKED, 'taskRefused'], 'verification.requested'],
    ['whose verification is blocked', [...WORKED, ...TASK, 'gateJudged BLOCKED'], 'verification.requested'],
    ['whose review is blocked', [...VERIFIED, ...TASK, 'gateJudged BLOCKED'], 'verification.requested'],
    ['whose fix rounds are used up', FAILED, 'verification.requested'],
    ['whose handoff is refused', [...VERIFIED, ...TASK, 'gateJudged PASS', 'handoffRefused'], 'verification.requested'],
    ['whose lease was lost meanwhile', [...WORKED, 'taskRefused', 'leaseReclaimed'], 'verification.requested'],
    ['that was replaced before', [...FAILED, 'packetReplaced'], 'verification.requested'],
  ])('%s, and its run resumes once it is admitted and has its lease', (_name, types, place) => {
    const before = stateAfter(types);
    const replaced = stateAfter([...types, 'packetReplaced']);
    const { context } = replaced.root;
    expect(replaced.root.value).toEqual({ queued: 'admitting' });
    expect(replaced.owed.map(({ kind }) => kind)).toEqual(['admitRun']);
    expect(context).toMatchObject({
      blockers: [],
      blockedGate: null,
      lease: null,
      fixes: 0,
      failures: 0,
      waitUntilMs: null,
    });
    expect(context.gates).toEqual({ verification: null, review: null });
    expect(context.packetHash).not.toBe(before.root.context.packetHash);
    expect(context.replacement).toMatchObject({
      count: (before.root.context.replacement?.count ?? 0) + 1,
      packetHash: before.root.context.packetHash,
      packet: before.root.context.packet,
      by: 'operator',
      reason: 'r',
    });
    const on = stateAfter([...types, ...AGAIN]);
    expect(placeOf(on.root.value)).toBe(place);
    expect(on.root.context.lease?.surfaces).toEqual([...context.surfaces, ...(context.surfacesAdded ?? [])]);
  });

  it('and rounds and attempts continue their numbers, with fix rounds from zero', () => {
    const on = stateAfter([
      ...FAILED,
      ...AGAIN,
      ...TASK,
      'gateJudged FAIL',
      ...TASK,
      'workCommitted',
      ...TASK,
      'gateJudged PASS',
    ]);
    expect(on.root.context).toMatchObject({ epoch: 4, fixes: 1 });
    expect(Object.keys(on.children)).toEqual([
      'implementation-e0-a1',
      'verification-e1-a1',
      'fix-e1-a1',
      'verification-e2-a1',
      'verification-e3-a1',
      'fix-e3-a1',
      'verification-e4-a1',
    ]);
    const blocked = [...ADMITTED, 'taskRequested', 'workerEnded blocked'];
    expect(Object.keys(stateAfter([...blocked, ...AGAIN, 'taskRequested']).children)).toEqual([
      'implementation-e0-a1',
      'implementation-e0-a2',
    ]);
  });

  it('and what its work touches beyond is leased only as far as the new one does not name it', () => {
    const types = [...ADMITTED, ...TASK, 'workCommitted beyond', 'taskRefused'];
    const before = stateAfter(types).root.context;
    expect(before.surfacesAdded).toHaveLength(1);
    const event = packetReplaced({ ...before, surfacesAdded: [] });
    const replaced = taken(stateAfter(types), { actor: RUN_ACTOR, event, atMs: 1 });
    expect(replaced.root.context.surfacesAdded).toEqual([]);
    const kept = stateAfter([...types, 'packetReplaced']).root.context;
    expect(kept.surfacesAdded).toEqual(before.surfacesAdded);
  });

  it('and its budget counts from zero only if the run was stopped by it', () => {
    const types = [...ADMITTED, 'taskRefused', 'packetReplaced'];
    const by = (code: 'PAWL_BUDGET_EXCEEDED' | 'PAWL_WORKSPACE_FAILED') =>
      stateAfter(types, (input) =>
        input.event.type === 'taskRefused' ? { ...input, event: { ...input.event, blocker: sampleOf(code) } } : input,
      ).root.context.budgetSinceMs;
    expect(by('PAWL_BUDGET_EXCEEDED')).toEqual(expect.any(Number));
    expect(by('PAWL_WORKSPACE_FAILED')).toBeNull();
  });
});

describe('a packet is not replaced', () => {
  it.each([
    ['while a worker is at work', [...ADMITTED, 'taskRequested']],
    ['while a task is in doubt', [...ADMITTED, 'taskRequested', 'hostDoubted']],
    ['while a task is being prepared', ADMITTED],
    ['while its work is being committed', [...ADMITTED, ...TASK]],
    ['while a gate is being judged', [...WORKED, ...TASK]],
    ['while its run is handed off', [...VERIFIED, ...TASK, 'gateJudged PASS']],
    ['once its run has ended', ['cancelRequested']],
  ])('%s', (_name, types) => {
    const state = stateAfter(types);
    const event = packetReplaced(state.root.context);
    expect(decideRun(MODEL_RUN, state, { actor: RUN_ACTOR, event, atMs: 1 })).toMatchObject({
      code: 'PAWL_EVENT_REFUSED',
    });
  });

  it('by itself, and only if it is the one that the run has', () => {
    const state = stateAfter([...ADMITTED, 'taskRefused']);
    const event = packetReplaced(state.root.context);
    const refused = (change: Partial<Extract<RunEvent, { type: 'packetReplaced' }>>): string =>
      decideRun(MODEL_RUN, state, { actor: RUN_ACTOR, event: { ...event, ...change }, atMs: 1 }).kind;
    expect(refused({ packetHash: event.previousHash })).toBe('refused');
    expect(refused({ previousHash: sha256('another one') })).toBe('refused');
    expect(refused({})).toBe('accepted');
  });
});

it('a run whose packet was never replaced remembers none before it', () => {
  expect(stateAfter(FAILED).root.context.replacement).toBeNull();
  expect(stateAfter([...FAILED, 'packetReplaced']).root.context.replacement).toMatchObject({ count: 1 });
});
