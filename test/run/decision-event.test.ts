/** What a decision is recorded with: a retry of work that no commit could be made of has it done again, and says so. */

import { describe, expect, it } from 'vitest';
import type { BlockerCode } from '../../src/model/blocker.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { openedRun } from '../../src/prove/model/graph.ts';
import { placeOf } from '../../src/prove/model/key.ts';
import { MODEL_RUN, stepsOf } from '../../src/prove/model/world.ts';
import { SMALLEST, wholeWorld } from '../../src/prove/model/worlds.ts';
import { decisionEvent, isPutBackByPerson, isWorkOutOfPlace } from '../../src/run/decision-event.ts';
import { decideRun, type RunState } from '../../src/run/system.ts';
import { sampleOf } from '../support/sample-blockers.ts';

const BEGIN = ['runAdmitted', 'leaseAcquired', 'workspacePrepared', 'taskRequested', 'workerSpawned'];
const PARKED = [...BEGIN, 'workerEnded completed', 'workRefused changed'];
const MADE = { commandId: 'c', by: 'ann', reason: 'r' } as const;

const world = wholeWorld(SMALLEST);

function walked(types: readonly string[]): RunState {
  let state = openedRun(world);
  for (const type of types) {
    const step = stepsOf(state, world).find((each) => each.type === type);
    const decision = step === undefined ? null : decideRun(MODEL_RUN, state, step.input);
    if (decision?.kind !== 'accepted') throw new Error(`${type} is not taken`);
    state = decision.state;
  }
  return state;
}

function parkedOver(code: BlockerCode, types = PARKED) {
  return { ...walked(types).root.context, blockers: [sampleOf(code)] };
}

describe('a decision', () => {
  it.each(['PAWL_WORKSPACE_CHANGED', 'PAWL_WORKSPACE_DIVERGED', 'PAWL_WORKSPACE_FILTERS'] as const)(
    'to retry over %s has the work done again',
    (code) => {
      const context = parkedOver(code);
      expect(isWorkOutOfPlace(context)).toBe(true);
      expect(decisionEvent(context, { ...MADE, decision: 'retry' })).toMatchObject({ isDoneAgain: true });
      expect(decisionEvent(context, { ...MADE, decision: 'abandon' })).not.toHaveProperty('isDoneAgain');
    },
  );

  it.each(['PAWL_WORKSPACE_FAILED', 'PAWL_GIT_TAMPERED'] as const)(
    'to retry over %s takes up the same work',
    (code) => {
      expect(decisionEvent(parkedOver(code), { ...MADE, decision: 'retry' })).not.toHaveProperty('isDoneAgain');
    },
  );

  it('to retry a workspace that was never made does nothing again', () => {
    const context = parkedOver('PAWL_WORKSPACE_DIVERGED', [...BEGIN.slice(0, 2), 'workspaceRefused']);
    expect(decisionEvent(context, { ...MADE, decision: 'retry' })).not.toHaveProperty('isDoneAgain');
  });
});

it('a retry that an older Pawl has recorded folds as before: the same work is checked again', () => {
  const recorded = { type: 'decisionMade', ...MADE, decision: 'retry' } as const;
  const placeAfter = (event: typeof recorded & { readonly isDoneAgain?: true }): string => {
    const decision = decideRun(MODEL_RUN, walked(PARKED), { actor: 'run', event, atMs: 1 });
    return decision.kind === 'accepted' ? placeOf(decision.state.root.value) : decision.reason;
  };
  expect(placeAfter(recorded)).toBe('implementing.committing');
  expect(placeAfter({ ...recorded, isDoneAgain: true })).toBe('implementing.requested');
});

describe('a branch is put back before a handoff', () => {
  const refused = (code: BlockerCode) => ({ type: 'handoffRefused', key: 'k', blocker: sampleOf(code) });
  const retry = { type: 'decisionMade', ...MADE, decision: 'retry' };
  const isPutBack = (...events: object[]) => isPutBackByPerson(events.map((event) => ({ event }) as JournalRecord));

  it('once a person has said retry to the last refusal', () => {
    expect(isPutBack(refused('PAWL_HANDOFF_REFUSED'), retry)).toBe(true);
    expect(isPutBack(refused('PAWL_WORKSPACE_BRANCH_ELSEWHERE'), retry)).toBe(true);
  });

  it('and never otherwise', () => {
    expect(isPutBack()).toBe(false);
    expect(isPutBack(retry, refused('PAWL_HANDOFF_REFUSED'))).toBe(false);
    expect(isPutBack(refused('PAWL_HANDOFF_REFUSED'), { ...retry, decision: 'accept' })).toBe(false);
    expect(isPutBack(refused('PAWL_HANDOFF_REFUSED'), retry, refused('PAWL_HANDOFF_REFUSED'))).toBe(false);
    expect(isPutBack(refused('PAWL_GIT_OBJECTS_DAMAGED'), retry)).toBe(false);
  });
});
