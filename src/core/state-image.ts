/**
 * The canonical image of a run's state: what `post` hashes, what a snapshot stores.
 *
 * Owns: turning live snapshots into XState's own persisted ones, their canonical text, the definition hash of the machines.
 * Does not own: the files (store), the fold (core/fold).
 *
 * Invariant: equal states have equal images, byte for byte (L2).
 */
import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate';
import { MACHINE_VERSION } from '../../machines/effects.ts';
import { runMachine } from '../../machines/run/run.machine.ts';
import { taskMachine } from '../../machines/task/task.machine.ts';
import {
  canonicalJson,
  canonicalObject,
  canonicalSeries,
  isObject,
  type Json,
  type JsonObject,
  lastingJson,
} from '../base/canonical-json.ts';
import type { Hash } from '../base/sha256.ts';
import type { KeyedEffect } from '../model/effect.ts';
import { RUN_ACTOR } from '../model/record.ts';
import { SNAPSHOT_VERSION, type StoredSnapshot } from '../model/system-record.ts';
import type { RunState } from './decide.ts';

const images = new WeakMap<AnyMachineSnapshot, string>();

// A transition makes a new context and keeps those of its members that it does not change.
const runContextText = canonicalSeries();
const taskContextText = canonicalSeries();

/** The machine of an actor, by its name. */
export function machineOf(actor: string): AnyStateMachine {
  return actor === RUN_ACTOR ? runMachine : taskMachine;
}

function imageOf(actor: string, snapshot: AnyMachineSnapshot): string {
  const known = images.get(snapshot);
  if (known !== undefined) return known;
  const persisted = { ...machineOf(actor).getPersistedSnapshot(snapshot) };
  const contextText = actor === RUN_ACTOR ? runContextText : taskContextText;
  const image = canonicalObject(persisted, (member, name) =>
    name === 'context' && isObject(member) ? contextText(member) : canonicalJson(member),
  );
  images.set(snapshot, image);
  return image;
}

/** The canonical text of `{actors, deadlines, outbox}`; unchanged actors cost nothing. */
export function stateImage(state: RunState): string {
  const names = [RUN_ACTOR, ...Object.keys(state.tasks)].sort();
  const actors = names.map((name) => {
    const snapshot = name === RUN_ACTOR ? state.run : state.tasks[name];
    if (snapshot === undefined) throw new Error(`bug: no actor ${name}`);
    return `${JSON.stringify(name)}:${imageOf(name, snapshot)}`;
  });
  return `{"actors":{${actors.join(',')}},"deadlines":${listOf(deadlinesOf(state))},"outbox":${listOf(outboxOf(state))}}`;
}

/** The `post` of a record: SHA-256 of the state's image. */
export function stateHash(state: RunState, hash: Hash): string {
  return hash(stateImage(state));
}

/** The `post` that a stored snapshot stands for. */
export function snapshotHash(snapshot: Pick<StoredSnapshot, 'actors' | 'deadlines' | 'outbox'>, hash: Hash): string {
  const { actors, deadlines, outbox } = snapshot;
  return hash(canonicalJson({ actors, deadlines, outbox }));
}

function listOf(effects: readonly JsonObject[]): string {
  return `[${effects.map(lastingJson).join(',')}]`;
}

function deadlinesOf(state: RunState): readonly (KeyedEffect & JsonObject)[] {
  return state.owed.filter((effect) => effect.kind === 'deadline');
}

function outboxOf(state: RunState): readonly (KeyedEffect & JsonObject)[] {
  return state.owed.filter((effect) => effect.kind !== 'deadline');
}

/** SHA-256 over both machines' definitions: another one means another version of the rules. */
export function definitionHash(hash: Hash): string {
  return hash(canonicalJson({ run: describe(runMachine), task: describe(taskMachine) }));
}

function describe(machine: AnyStateMachine): unknown {
  return JSON.parse(JSON.stringify(machine.definition));
}

/** The snapshot to store for `state`, whose last record has the sum `sum`. */
export function snapshotOf(state: RunState, sum: string, definition: string): StoredSnapshot {
  const actors: Record<string, Json> = {};
  for (const [name, snapshot] of [[RUN_ACTOR, state.run] as const, ...Object.entries(state.tasks)]) {
    actors[name] = JSON.parse(imageOf(name, snapshot));
  }
  return {
    v: SNAPSHOT_VERSION,
    systemId: state.runId,
    rules: MACHINE_VERSION,
    definitionHash: definition,
    seq: state.seq,
    sum,
    actors,
    outbox: outboxOf(state),
    deadlines: deadlinesOf(state),
  };
}

/**
 * Restores an actor from its persisted snapshot the way anyone would (`createActor(machine, { snapshot })`), without starting it.
 * Returns the reason why XState could not, or null when it could.
 */
export function restoreProblem(actor: string, persisted: Json): string | null {
  const restored = createActor(machineOf(actor), { snapshot: JSON.parse(JSON.stringify(persisted)) });
  const snapshot = restored.getSnapshot();
  if (snapshot.status === 'error') return String(snapshot.error);
  const again = canonicalJson(machineOf(actor).getPersistedSnapshot(snapshot));
  return again === canonicalJson(persisted) ? null : 'XState restores it to something else';
}
