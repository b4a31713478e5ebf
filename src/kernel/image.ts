/**
 * The canonical image of a system's state: what `post` hashes, what a snapshot stores.
 *
 * Owns: turning live snapshots into XState's own persisted ones and back, their canonical text, the hash of a definition.
 * Does not own: the files (store), the fold (kernel/fold).
 *
 * Invariants: 1. Equal states have equal images, byte for byte (L2). 2. A member of a context that equals its declared default is not part of the image,
 * whoever made it: a member that is added later, with a default, changes no hash of before. 3. What is stored is whole: anyone restores it with
 * `createActor(machine, { snapshot })`.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate';
import type { ZodType } from 'zod';
import { canonicalJson, isObject, type Json, type JsonObject } from '../base/canonical-json.ts';
import type { Hash } from '../base/sha256.ts';
import {
  type PersistedState,
  type PlainEffect,
  SNAPSHOT_VERSION,
  type SystemSnapshot,
} from '../model/system-record.ts';
import { lastWritten } from './last-written.ts';
import { wholeDefinition } from './machine-definition.ts';
import { defaultTexts, persistedImage, stateText } from './persisted-image.ts';
import { type ActorDefinition, type AnyState, actorDefinition, type StateOf, type System } from './system.ts';

type AnyActor = System['root'];

/** The canonical text of the state; unchanged actors cost nothing. */
export function stateImage(system: System, state: AnyState): string {
  const last = lastWritten(system, state.systemId);
  const actors = actorsIn(system, state).map(
    ([name, snapshot]) =>
      `${JSON.stringify(name)}:${last.actorText(name, actorDefinition(system, name, state.kinds), snapshot)}`,
  );
  const outbox: string[] = [];
  const deadlines: string[] = [];
  for (const effect of state.owed) (isDeadline(system, effect) ? deadlines : outbox).push(last.effectText(effect));
  last.forgetEffectsBut(state.owed);
  return stateText({ actors: `{${actors.join(',')}}`, kinds: state.kinds, outbox, deadlines });
}

/** The `post` of a record: SHA-256 of the state's image. */
export function stateHash(system: System, state: AnyState, hash: Hash): string {
  return hash(stateImage(system, state));
}

/** The `post` that a stored state stands for. */
export function persistedHash(system: System, persisted: PersistedState, hash: Hash): string {
  return hash(
    persistedImage(persisted, (actor) =>
      defaultTexts(actorDefinition(system, actor, persisted.kinds ?? {}).defaults ?? {}),
    ),
  );
}

/** XState's own persisted snapshots of all actors, and what is owed, as plain JSON that is shared with nobody. */
export function persist(system: System, state: AnyState): PersistedState {
  const actors: Record<string, Json> = {};
  for (const [name, snapshot] of actorsIn(system, state)) {
    const { machine } = actorDefinition(system, name, state.kinds);
    actors[name] = JSON.parse(canonicalJson(machine.getPersistedSnapshot(snapshot)));
  }
  const kinds = Object.keys(state.kinds).length === 0 ? {} : { kinds: state.kinds };
  return { actors, ...kinds, ...owedIn(system, state) };
}

/** The snapshot to store for `state`, whose last record has the sum `sum`. */
export function snapshotOf(system: System, state: AnyState, sum: string, definition: string): SystemSnapshot {
  return {
    v: SNAPSHOT_VERSION,
    systemId: state.systemId,
    rules: state.rules,
    definitionHash: definition,
    seq: state.seq,
    sum,
    ...persist(system, state),
  };
}

/**
 * A live snapshot from a persisted one, the way anyone would restore it (`createActor(machine, { snapshot })`), without starting an actor;
 * or the reason why XState could not.
 */
export function restore(
  { machine }: Pick<AnyActor, 'machine'>,
  persisted: Json,
):
  | { readonly kind: 'restored'; readonly snapshot: AnyMachineSnapshot }
  | { readonly kind: 'refused'; readonly reason: string } {
  const copy: unknown = JSON.parse(JSON.stringify(persisted));
  const snapshot: AnyMachineSnapshot = createActor(machine, { snapshot: copy as never }).getSnapshot();
  if (snapshot.status === 'error') return { kind: 'refused', reason: String(snapshot.error) };
  const again = canonicalJson(machine.getPersistedSnapshot(snapshot));
  return again === canonicalJson(persisted)
    ? { kind: 'restored', snapshot }
    : { kind: 'refused', reason: 'XState restores it to something else' };
}

/** Why an actor of the state could not be restored from disk, or has a context that its machine does not admit; null when all of them can. */
export function stateProblem<S extends System>(system: S, state: StateOf<S>): string | null {
  return anyStateProblem(system, state as AnyState);
}

function anyStateProblem(system: System, state: AnyState): string | null {
  for (const [actor, persisted] of Object.entries(persist(system, state).actors)) {
    const definition = actorDefinition(system, actor, state.kinds);
    const problem = contextProblem(definition, persisted) ?? restoreProblem(definition, persisted);
    if (problem !== null) return `${actor}: ${problem}`;
  }
  return null;
}

/** The reason why its machine does not admit the context of a persisted actor, or null when it does. */
export function contextProblem(
  { context }: Pick<ActorDefinition<AnyStateMachine, never>, 'context'>,
  persisted: Json,
): string | null {
  return schemaProblem(context, isObject(persisted) ? persisted.context : undefined);
}

/** What a schema has against a value, with the path of the member; null when it has nothing. */
export function schemaProblem(schema: ZodType, value: unknown): string | null {
  const checked = schema.safeParse(value);
  if (checked.success) return null;
  const issue = checked.error.issues[0];
  return issue === undefined ? 'invalid' : `${issue.path.join('.')}: ${issue.message}`;
}

/** The reason why XState does not restore a persisted actor to the same state, or null when it does. */
export function restoreProblem(definition: Pick<AnyActor, 'machine'>, persisted: Json): string | null {
  const found = restore(definition, persisted);
  return found.kind === 'refused' ? found.reason : null;
}

/** SHA-256 over the rules and the definitions of all machines. */
export function definitionHash(system: System, hash: Hash): string {
  const machines = [[system.rootName, system.root] as const, ...Object.entries(system.children)];
  const described = machines.map(([name, { machine }]) => [name, wholeDefinition(machine)] as const);
  return hash(canonicalJson({ rules: system.rules, machines: Object.fromEntries(described) }));
}

/** Every actor with its snapshot, in the order of the names. */
function actorsIn(system: System, state: AnyState): readonly (readonly [string, AnyMachineSnapshot])[] {
  const all = [[system.rootName, state.root] as const, ...Object.entries(state.children)];
  return all.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What is owed, deadlines apart. */
function owedIn(
  system: System,
  { owed }: AnyState,
): {
  readonly outbox: readonly (PlainEffect & JsonObject)[];
  readonly deadlines: readonly (PlainEffect & JsonObject)[];
} {
  // Params are plain JSON by the schema of their row.
  const effects = owed as readonly (PlainEffect & JsonObject)[];
  return {
    outbox: effects.filter((each) => !isDeadline(system, each)),
    deadlines: effects.filter((each) => isDeadline(system, each)),
  };
}

function isDeadline(system: System, { kind }: PlainEffect): boolean {
  return system.effects[kind]?.waitsFor === 'clock';
}
