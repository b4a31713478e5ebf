/**
 * The scope in which a machine is asked for its next snapshot and does nothing.
 *
 * Owns: that scope: XState's pure `transition()` without the actor that it creates and discards at every call.
 * Does not own: what happens to the actions (kernel/decide).
 *
 * Invariants: 1. Snapshots and actions are those of `transition()`: a test checks that they are equal. 2. Nothing is executed, and as the
 * machines spawn nothing, nothing of one step stays in the scope for the next.
 */
import { type AnyActorScope, createEmptyActor, type ExecutableActionObject } from 'xstate';

const self = createEmptyActor();

/** A scope for one `machine.transition(snapshot, event, scope)`, which adds the actions asked for to `actions`. */
export function inertScope(actions: ExecutableActionObject[]): AnyActorScope {
  return {
    self,
    id: '',
    sessionId: '',
    system: self.system,
    logger: () => undefined,
    defer: () => undefined,
    stopChild: () => undefined,
    emit: () => undefined,
    actionExecutor: (action) => actions.push(action),
  };
}
