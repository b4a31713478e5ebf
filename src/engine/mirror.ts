/**
 * The live mirror: real XState actors that are fed every committed event, for `inspect` observers.
 *
 * Owns: starting the actors in the run's state, feeding them, comparing them with the committed snapshots.
 * Does not own: any effect: every effect action of the machines does nothing.
 *
 * Invariant: the mirror never decides; a mirror that differs from the committed state is our bug and stops the process.
 */

import { type Actor, type AnyStateMachine, createActor, type InspectionEvent, type Observer } from 'xstate';
import { canonicalJson } from '../base/canonical-json.ts';
import { snapshotOf } from '../kernel/image.ts';
import { RUN_ACTOR } from '../model/record.ts';
import { machineOf, type RunDelivery, type RunState, runSystem } from '../run/system.ts';

/** The observer of the mirrored actors. */
export type InspectObserver = Observer<InspectionEvent> | ((event: InspectionEvent) => void);

/** Receives the mirrors' inspection events. */
export interface RunInspector {
  readonly inspect: InspectObserver;
}

/** Live actors that follow a run's committed events and perform nothing. */
export class Mirror {
  readonly #inspect: InspectObserver;
  readonly #actors = new Map<string, Actor<AnyStateMachine>>();

  /** Starts an actor for every one of `state`, restored from its persisted snapshot; none when `state` is null. */
  constructor(inspect: InspectObserver, state: RunState | null) {
    this.#inspect = inspect;
    if (state === null) return;
    for (const [name, snapshot] of Object.entries(snapshotOf(runSystem, state, '', '').actors)) {
      this.#start(state.systemId, name, { snapshot: JSON.parse(JSON.stringify(snapshot)) });
    }
  }

  /** Checks that the mirror is in the state `state`. Throws when it is not. */
  feed(deliveries: readonly RunDelivery[], state: RunState): void {
    for (const { actor, event, input } of deliveries) {
      if (input !== undefined) this.#start(state.systemId, actor, { input });
      this.#actors.get(actor)?.send(event);
      this.#startMissing(state);
    }
    this.#compare(state);
  }

  stop(): void {
    // Tasks are children of the run: XState stops them only with it, and nothing of them is under way.
    this.#actors.get(RUN_ACTOR)?.stop();
    this.#actors.clear();
  }

  #startMissing(state: RunState): void {
    for (const [name, snapshot] of Object.entries(state.children)) {
      if (!this.#actors.has(name)) this.#start(state.systemId, name, { input: snapshot.context });
    }
  }

  /** A task has the run as its parent, so that an observer sees one system for each run. */
  #start(runId: string, name: string, from: { readonly snapshot?: object; readonly input?: object }): void {
    const run = this.#actors.get(RUN_ACTOR);
    const options = run === undefined ? { id: runId, inspect: this.#inspect } : { id: `${runId}/${name}`, parent: run };
    const actor = createActor(machineOf(name), { ...from, ...options } as object);
    this.#actors.set(name, actor);
    actor.start();
  }

  #compare(state: RunState): void {
    for (const [name, committed] of [[RUN_ACTOR, state.root] as const, ...Object.entries(state.children)]) {
      const mirrored = this.#actors.get(name)?.getPersistedSnapshot();
      const expected = machineOf(name).getPersistedSnapshot(committed);
      if (canonicalJson(mirrored) !== canonicalJson(expected)) {
        throw new Error(`bug: the mirror of ${name} differs from the committed state`);
      }
    }
  }
}
