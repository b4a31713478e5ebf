/**
 * A run and its tasks as a subject of the generic proof: the moves are the steps of the world that the run's own model walks.
 *
 * Owns: telling which of those steps settle an effect and which only report on one, the instants that the proof's clock gives them. Does not own: the steps
 * (world), what is checked (system/prove-system).
 *
 * Invariant: a move has the name of the step of the world that it is: what the walk found can be played, and is told, by those names.
 */
import { DEADLINE } from '../../model/deadline.ts';
import { type RunState, type RunStep, runSystem } from '../../run/system.ts';
import { deadlineIn, type Move, type Subject } from '../system/moves.ts';
import { stateKey } from './key.ts';
import { opening, stepsOf, type World, type WorldEvent } from './world.ts';

/** What may be told under the key of an effect that goes on: it is asked for again, or waited for, or followed further. */
const REPORTS: readonly string[] = ['agentMissing', 'admissionRefused', 'leaseContended', 'workerAdopted'];

/** A packet that says everything, and one that lacks something. */
const OPENINGS: readonly (readonly [type: string, missingFields: readonly string[]])[] = [
  ['packetReceived', []],
  ['packetReceived insufficient', ['scope']],
];

/** Runs in that world. */
export function runSubject(world: World): Subject {
  return {
    system: runSystem,
    invariants: {},
    ignore: {},
    key: ({ state }) => (state === null ? 'nothing' : stateKey(state as RunState)),
    moves: ({ state, nowMs }) =>
      state === null
        ? OPENINGS.map(([type, missing]) =>
            openingOf(type, { ...opening(world.policy, [...missing]), atMs: nowMs + 1 }),
          )
        : // The states of this subject are those of runs.
          stepsOf(state as RunState, world).map((step) => moveOf(step, state as RunState, nowMs + 1)),
  };
}

function openingOf(type: string, input: RunStep): Move {
  return { kind: 'opening', type, input, settles: null };
}

function moveOf({ type, input }: WorldEvent, state: RunState, atMs: number): Move {
  const { event } = input;
  const key = 'key' in event && !REPORTS.includes(event.type) ? event.key : null;
  const settles = state.owed.find((effect) => effect.key === key) ?? null;
  if (settles?.kind !== DEADLINE)
    return { kind: settles === null ? 'command' : 'answer', type, input: { ...input, atMs }, settles };
  return { kind: 'deadline', type, input: { ...input, atMs: Math.max(atMs, deadlineIn(settles).atMs) }, settles };
}
