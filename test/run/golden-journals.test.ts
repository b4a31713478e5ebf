/** Every golden journal, cut after any of its records, folds to what it says, is restored from what is stored, and goes on to an end. */

import { describe, expect, it } from 'vitest';
import type { AnyMachineSnapshot } from 'xstate';
import { isObject, type Json } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { decide } from '../../src/kernel/decide.ts';
import { raised } from '../../src/kernel/fold.ts';
import { persist, persistedHash, restore, stateImage } from '../../src/kernel/image.ts';
import { type AnyState, actorDefinition, type System, underRules } from '../../src/kernel/system.ts';
import { type KeyedEffect, RUN_EFFECTS } from '../../src/model/effect.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { runContextSchema } from '../../src/model/run-context.ts';
import type { PersistedState, PlainEffect } from '../../src/model/system-record.ts';
import { settlementOf } from '../../src/prove/model/settlements.ts';
import { decisionEvent } from '../../src/run/decision-event.ts';
import { hasEnded } from '../../src/run/run-end.ts';
import { type RunStep, runSystem } from '../../src/run/system.ts';
import { goldenProblem, goldenRecords, goldenRules, lastRecords } from '../support/golden-journals.ts';

/** More than any run needs from anywhere to its end. */
const STEPS_MAX = 60;

/** Gives back what is stored as anyone would; the same bytes are restored once. */
class Restorer {
  readonly #system: System;
  readonly #known = new Map<string, AnyMachineSnapshot>();

  constructor(system: System) {
    this.#system = system;
  }

  /** The state that is made of the bytes of a stored one. Throws where XState does not restore an actor to what is stored. */
  restored({ systemId, seq, rules }: AnyState, stored: PersistedState): AnyState {
    const { actors, kinds = {}, outbox, deadlines } = stored;
    const { [this.#system.rootName]: root, ...children } = Object.fromEntries(
      Object.entries(actors).map(([name, actor]) => [name, this.#actor(name, kinds, actor ?? null)]),
    );
    if (root === undefined) throw new Error('no root is stored');
    const owed: readonly unknown[] = [...outbox, ...deadlines];
    return { systemId, seq, rules, root, children, kinds, owed: owed.filter(isEffect) };
  }

  #actor(name: string, kinds: AnyState['kinds'], persisted: Json): AnyMachineSnapshot {
    const definition = actorDefinition(this.#system, name, kinds);
    const bytes = `${definition.machine.id} ${JSON.stringify(persisted)}`;
    const known = this.#known.get(bytes);
    if (known !== undefined) return known;
    const found = restore(definition, persisted);
    if (found.kind === 'refused') throw new Error(`${name}: ${found.reason}`);
    this.#known.set(bytes, found.snapshot);
    return found.snapshot;
  }
}

function isEffect(value: unknown): value is PlainEffect {
  return isObject(value) && ['kind', 'key', 'actor'].every((name) => typeof value[name] === 'string');
}

/** Where a run ends whose world means well: everything owed is answered for the good, a person says retry, and time passes where nothing else does. */
function goOn(from: AnyState): AnyState {
  let state = from.rules === runSystem.rules ? from : raised<System>(runSystem, from);
  for (let steps = 0; !hasEnded(state.root); steps += 1) {
    if (steps === STEPS_MAX) throw new Error('it comes to no end');
    const decision = decide<System>(runSystem, state.systemId, state, nextStep(state));
    if (decision.kind === 'refused') throw new Error(decision.reason);
    state = decision.state;
  }
  return state;
}

function nextStep({ owed, root, seq }: AnyState): RunStep {
  const atMs = 2_000_000_000_000 + seq;
  const effects = owed.filter(isOfRun);
  for (const effect of effects) {
    const event = settlementOf(effect);
    if (event !== null) return { actor: effect.actor, event, atMs };
  }
  const deadline = effects.find((effect) => effect.kind === 'deadline');
  if (deadline?.kind === 'deadline' && root.value !== 'blockedNeedsHuman') {
    return { actor: deadline.actor, event: { type: 'deadlineReached', key: deadline.key, id: deadline.id }, atMs };
  }
  const context = runContextSchema.parse(root.context);
  const made = { commandId: 'c', by: 'somebody', decision: 'retry', reason: 'r' } as const;
  return { actor: RUN_ACTOR, event: decisionEvent(context, made), atMs };
}

function isOfRun(effect: PlainEffect): effect is KeyedEffect {
  return effect.kind in RUN_EFFECTS;
}

function tally<Each>(all: readonly Each[], nameOf: (each: Each) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of all) counts[nameOf(each)] = (counts[nameOf(each)] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const stateName = ({ root: { value } }: AnyState): string => JSON.stringify(value).replaceAll('"', '');

/** What the journals hold, by rules: one regenerated file, so that nothing of it is lost unseen. */
const counts: Record<string, object> = {};

describe.each(goldenRules())('journals of rules %i', (rules) => {
  const cuts: AnyState[] = [];
  const golden = goldenRecords(rules);

  it('fold whole', () => {
    expect(goldenProblem(runSystem, golden, (_, state) => void cuts.push(state))).toBeNull();
  });

  it('cut after any record, are restored from what is stored, and continue from there to an end', () => {
    expect(cuts).toHaveLength(golden.length);
    const restorers = new Map<number, Restorer>();
    const ends = cuts.map((state, at) => {
      const under: System = underRules(runSystem, state.rules) ?? runSystem;
      const restorer = restorers.get(under.rules) ?? new Restorer(under);
      restorers.set(under.rules, restorer);
      const stored: PersistedState = JSON.parse(JSON.stringify(persist(under, state)));
      expect(persistedHash(under, stored, sha256)).toBe(golden[at]?.record.post);
      const again = restorer.restored(state, stored);
      expect(stateImage(under, again)).toBe(stateImage(under, state));
      return goOn(again);
    });
    counts[rules] = {
      journals: lastRecords(golden).length,
      records: golden.length,
      states: tally(cuts, stateName),
      events: tally(golden, ({ record }) => record.event.type),
      goingOnEndsIn: tally(ends, stateName),
    };
  });
});

it('are as many, and of as many states, as when they were recorded', async () => {
  await expect(`${JSON.stringify(counts, null, 2)}\n`).toMatchFileSnapshot('../fixtures/journals/counts.json');
});
