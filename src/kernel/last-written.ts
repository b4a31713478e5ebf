/**
 * What is remembered of the last state written for each system, so that writing the next one costs only what changed.
 *
 * Owns: those texts, and for how many systems they are kept. Does not own: the form of an image (kernel/image, kernel/persisted-image).
 *
 * Invariants: 1. A text is reused only for the same object that it was made from; snapshots, effects and the members of contexts never change
 * once they are made. So what is remembered changes no text. 2. It holds the last state of a system, and of `SYSTEMS_MAX` systems at most: a
 * WeakMap would need no bound, but costs more than writing the texts again, because its values outlive every young collection.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { canonicalJson, canonicalObject, canonicalSeries, isObject } from '../base/canonical-json.ts';
import type { PlainEffect } from '../model/system-record.ts';
import { defaultTexts } from './persisted-image.ts';
import type { System } from './system.ts';

type AnyActor = System['root'];

const SYSTEMS_MAX = 256;

/** The texts of the last state of one system. */
class LastWritten {
  readonly #actors = new Map<string, WrittenActor>();
  readonly #owed = new Map<PlainEffect, string>();

  /** The image of an actor, without the members of its context that equal their defaults. */
  actorText(name: string, definition: AnyActor, snapshot: AnyMachineSnapshot): string {
    let actor = this.#actors.get(name);
    if (actor?.definition !== definition) {
      actor = new WrittenActor(definition);
      this.#actors.set(name, actor);
    }
    return actor.textOf(snapshot);
  }

  /** The text of an effect. */
  effectText(effect: PlainEffect): string {
    const text = this.#owed.get(effect) ?? canonicalJson(effect);
    this.#owed.set(effect, text);
    return text;
  }

  /** Texts are remembered only for these effects. */
  forgetEffectsBut(owed: readonly PlainEffect[]): void {
    if (this.#owed.size <= owed.length) return;
    const kept = new Set(owed);
    for (const effect of this.#owed.keys()) if (!kept.has(effect)) this.#owed.delete(effect);
  }
}

/** One actor as it was written last. */
class WrittenActor {
  readonly definition: AnyActor;
  /** A transition makes a new context and keeps those of its members that it does not change. */
  readonly #contextText: (context: Readonly<Record<string, unknown>>) => string;
  #snapshot: AnyMachineSnapshot | null = null;
  #text = '';

  constructor(definition: AnyActor) {
    this.definition = definition;
    this.#contextText = canonicalSeries(defaultTexts(definition.defaults ?? {}));
  }

  textOf(snapshot: AnyMachineSnapshot): string {
    if (snapshot === this.#snapshot) return this.#text;
    this.#text = canonicalObject(persistedMembers(this.definition, snapshot), (member, name) =>
      name === 'context' && isObject(member) ? this.#contextText(member) : canonicalJson(member),
    );
    this.#snapshot = snapshot;
    return this.#text;
  }
}

/**
 * The members of XState's own persisted snapshot. Where there is nothing of which XState keeps another form than the live one (children,
 * histories), they are those of the live snapshot: XState would look through the whole context for references to actors.
 */
function persistedMembers({ machine }: AnyActor, snapshot: AnyMachineSnapshot): Readonly<Record<string, unknown>> {
  const { status, output, error, value, context, children, historyValue } = snapshot;
  return isEmpty(children) && isEmpty(historyValue)
    ? { status, output, error, value, context, children, historyValue }
    : { ...machine.getPersistedSnapshot(snapshot) };
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}

const systems = new WeakMap<System, Map<string, LastWritten>>();

/** What is remembered of the system with that id; nothing at first. */
export function lastWritten(system: System, systemId: string): LastWritten {
  const known = systems.get(system) ?? new Map<string, LastWritten>();
  systems.set(system, known);
  const found = known.get(systemId) ?? new LastWritten();
  if (!known.has(systemId)) {
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size >= SYSTEMS_MAX) known.delete(oldest);
    known.set(systemId, found);
  }
  return found;
}
