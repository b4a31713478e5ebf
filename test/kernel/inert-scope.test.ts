import { expect, it } from 'vitest';
import { type AnyMachineSnapshot, type ExecutableActionObject, transition } from 'xstate';
import { inertScope } from '../../src/kernel/inert-scope.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { packetReceived, settlementOf } from '../../src/prove/model/settlements.ts';
import { decideRun, machineOf, type RunState } from '../../src/run/system.ts';

const plain = ({ type, params }: ExecutableActionObject) => ({ type, params });

/** Every event of a run, as its machines received it, is taken by both ways; returns how many there were. */
function compare(settle: (event: JournalEvent) => JournalEvent): number {
  let state: RunState | null = null;
  let compared = 0;
  let next: { actor: string; event: JournalEvent } | null = { actor: RUN_ACTOR, event: packetReceived() };
  for (let n = 1; next !== null; n += 1) {
    const before: RunState | null = state;
    const decision = decideRun('run_x', before, { ...next, atMs: n });
    if (decision.kind === 'refused') throw new Error(decision.reason);
    const standing = new Map<string, AnyMachineSnapshot>(
      Object.entries({ run: before?.root, ...before?.children }).flatMap(([actor, snapshot]) =>
        snapshot === undefined ? [] : [[actor, snapshot]],
      ),
    );
    for (const { actor, event } of decision.deliveries) {
      const snapshot = standing.get(actor);
      if (snapshot === undefined) continue;
      const machine = machineOf(actor);
      const [expected, actions] = transition(machine, snapshot, event);
      const asked: ExecutableActionObject[] = [];
      const got = machine.transition(snapshot, event, inertScope(asked));
      expect(machine.getPersistedSnapshot(got)).toEqual(machine.getPersistedSnapshot(expected));
      expect(asked.map(plain)).toEqual(actions.map(plain));
      standing.set(actor, got);
      compared += 1;
    }
    state = decision.state;
    const effect = state.owed.find((each) => settlementOf(each) !== null);
    const event = effect === undefined ? null : settlementOf(effect);
    next = effect === undefined || event === null ? null : { actor: effect.actor, event: settle(event) };
  }
  return compared;
}

it('a machine asked in the inert scope answers what transition() answers, for every event of a run that passes', () => {
  expect(compare((event) => event)).toBeGreaterThan(15);
});

it('and for every event of a run whose gates fail until a person is needed', () => {
  expect(compare((event) => (event.type === 'gateJudged' ? { ...event, status: 'FAIL' } : event))).toBeGreaterThan(30);
});

it('an event that the machine does not take leaves the very same snapshot', () => {
  const decision = decideRun('run_x', null, { actor: RUN_ACTOR, event: packetReceived(), atMs: 1 });
  if (decision.kind === 'refused') throw new Error(decision.reason);
  const { root: run } = decision.state;
  const event = { type: 'surfaceFreed', key: 'x', atMs: 2 } as const;
  expect(machineOf(RUN_ACTOR).transition(run, event, inertScope([]))).toBe(run);
});
