/** The image of a run's state: the canonical text of exactly what a snapshot stores, whichever way it was come by. */

import { describe, expect, it } from 'vitest';
import { RUN_CONTEXT_DEFAULTS } from '../../machines/run/context.ts';
import { TASK_CONTEXT_DEFAULTS } from '../../machines/task/context.ts';
import { canonicalJson, type Json } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { definitionHash, restoreProblem, snapshotOf, stateImage } from '../../src/kernel/image.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { definitionOf, machineOf, runSystem } from '../../src/run/system.ts';
import { goodRun } from '../inspector/good-run.ts';

const RUN = 'run_A_0123456789ab';
const STATES = [...goodRun(RUN)].map(({ state }) => state);

describe('the state of a run', () => {
  it('has as its image the canonical text of what is stored, without the members that equal their defaults', () => {
    const without = (actor: unknown, defaults: Readonly<Record<string, unknown>>) => {
      const { context, ...rest } = Object(actor) as { context: Record<string, unknown> };
      const told = Object.entries(context).filter(
        ([name, member]) => canonicalJson(member) !== canonicalJson(name in defaults ? defaults[name] : 'no default'),
      );
      return { ...rest, context: Object.fromEntries(told) };
    };
    let leftOut = 0;
    for (const state of STATES) {
      const { actors: stored, deadlines, outbox } = snapshotOf(runSystem, state, 's', 'd');
      const actors = Object.fromEntries(
        Object.entries(stored).map(([name, actor]) => [
          name,
          without(actor, name === RUN_ACTOR ? RUN_CONTEXT_DEFAULTS : TASK_CONTEXT_DEFAULTS),
        ]),
      );
      expect(JSON.parse(stateImage(runSystem, state))).toEqual({ actors, deadlines, outbox });
      leftOut += canonicalJson(stored).length - canonicalJson(actors).length;
    }
    expect(leftOut).toBeGreaterThan(0);
  });

  it('is stored with every actor as XState persists it, and what it owes as deadlines or in the outbox', () => {
    let deadlines = 0;
    for (const state of STATES) {
      const stored = snapshotOf(runSystem, state, 's', 'd');
      const snapshots = { [RUN_ACTOR]: state.root, ...state.children };
      expect(Object.keys(stored.actors).sort()).toEqual(Object.keys(snapshots).sort());
      for (const [name, snapshot] of Object.entries(snapshots)) {
        const persisted = machineOf(name).getPersistedSnapshot(snapshot);
        expect(canonicalJson(stored.actors[name])).toBe(canonicalJson(JSON.parse(JSON.stringify(persisted))));
      }
      expect([...stored.deadlines, ...stored.outbox]).toHaveLength(state.owed.length);
      expect(stored.deadlines.every(({ kind }) => kind === 'deadline')).toBe(true);
      expect(stored.outbox.some(({ kind }) => kind === 'deadline')).toBe(false);
      expect(stored).toMatchObject({
        systemId: RUN,
        seq: state.seq,
        sum: 's',
        definitionHash: 'd',
      });
      deadlines += stored.deadlines.length;
    }
    expect(deadlines).toBeGreaterThan(0);
  });

  it('has a machine for the run and one for its tasks', () => {
    expect(machineOf(RUN_ACTOR)).not.toBe(machineOf('implementation-e0-a1'));
    expect(definitionHash(runSystem, sha256)).toBe(definitionHash(runSystem, sha256));
    expect(definitionHash(runSystem, (text) => String(text))).toContain('"id":');
  });
});

describe('a persisted actor', () => {
  const last = STATES.at(-1);
  if (last === undefined) throw new Error('the run has no record');
  const stored = snapshotOf(runSystem, last, 's', 'd');
  const actors = Object.entries(stored.actors);

  it('is restored by XState to what was persisted', () => {
    expect(actors.length).toBeGreaterThan(3);
    for (const [name, persisted] of actors)
      expect([name, restoreProblem(definitionOf(name), persisted)]).toEqual([name, null]);
  });

  const changed = (change: object): Json => ({ ...(stored.actors[RUN_ACTOR] as object), ...change }) as Json;

  it('that ended in an error is named with it', () => {
    expect(restoreProblem(definitionOf(RUN_ACTOR), changed({ status: 'error', error: 'it broke' }))).toBe('it broke');
  });

  it('that XState would restore to something else is refused', () => {
    expect(restoreProblem(definitionOf(RUN_ACTOR), changed({ more: 1 }))).toBe('XState restores it to something else');
  });
});
