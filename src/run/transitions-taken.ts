/**
 * The transitions of a chart that an event takes.
 *
 * Owns: finding them, those that follow at once without an event included. Does not own: taking them (kernel/decide), their names and pictures.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  getMicrosteps,
} from 'xstate';
import { evaluateGuard } from 'xstate/guards';
import type { RunMachineEvent } from '../../machines/run/context.ts';
import type { TaskMachineEvent } from '../../machines/task/context.ts';

/** The transitions that the event takes in the snapshot, in order; none where it is refused. */
export function transitionsTaken(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: RunMachineEvent | TaskMachineEvent,
): readonly AnyTransitionDefinition[] {
  const own = machine.getTransitionData(snapshot, event);
  if (own.length === 0) return [];
  const passed = getMicrosteps(machine, snapshot, event).slice(0, -1);
  return [...own, ...passed.flatMap(([between]) => eventless(between, event))];
}

/** The eventless transitions that follow at once from a snapshot. */
function eventless(snapshot: AnyMachineSnapshot, event: RunMachineEvent | TaskMachineEvent): AnyTransitionDefinition[] {
  return snapshot._nodes.flatMap((node: AnyStateNode) => {
    const first = node.always?.find(
      ({ guard }) => guard === undefined || evaluateGuard(guard, snapshot.context, event, snapshot),
    );
    return first === undefined ? [] : [first];
  });
}
