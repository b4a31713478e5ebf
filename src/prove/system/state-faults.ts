/**
 * What must hold in every state of any system.
 *
 * Owns: those laws, each with the sentence for the state that breaks it. Does not own: what must hold of a step (step-faults), the laws of one system
 * (its own invariants).
 *
 * Laws: 1. A state is final, owes an effect, or an actor of it waits by a tag: `parked` and `ended` name their blockers, `waiting` and `parked` take a command.
 * 2. Nothing final owes anything, no key is owed twice. 3. A context is plain JSON and what its schema says, and XState restores it. 4. Whatever is owed
 * can be settled.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { isObject } from '../../base/canonical-json.ts';
import { persist, restore, stateProblem } from '../../kernel/image.ts';
import { type AnyState, actorDefinition, type System } from '../../kernel/system.ts';
import { DEADLINE } from '../../model/deadline.ts';
import type { PlainEffect } from '../../model/system-record.ts';
import type { Subject, Tried } from './moves.ts';
import { effectName } from './sameness.ts';

/** What does not hold in the state, from which those moves were tried; each a sentence. */
export function stateFaults(
  { system, invariants }: Subject,
  state: AnyState,
  tried: readonly Tried[],
): readonly string[] {
  const own = Object.entries(invariants).flatMap(([sentence, holds]) =>
    holds(state) ? [] : [`it does not hold: ${sentence}`],
  );
  return [...restFaults(state, tried), ...owedFaults(system, state, tried), ...formFaults(system, state), ...own];
}

function restFaults(state: AnyState, tried: readonly Tried[]): readonly string[] {
  const { root, owed, children } = state;
  const actors = [root, ...Object.values(children)].filter(({ status }) => status === 'active');
  const unnamed = actors.filter((actor) => isHeld(actor) && !namesBlockers(actor));
  const faults = unnamed.map((actor) => `${placeOf(actor)} is parked or ended and names no blocker`);
  if (root.status !== 'active' || owed.length > 0) return faults;
  const waits = actors.some((actor) => actor.hasTag('waiting') || actor.hasTag('parked'));
  if (!waits && !actors.some((actor) => actor.hasTag('ended'))) {
    const open = Object.keys(children).filter((name) => children[name]?.status === 'active');
    const awaited = open.length === 0 ? '' : `, as does ${open.join(', ')}`;
    return [...faults, `${placeOf(root)} is not final, owes nothing and waits for nothing${awaited}`];
  }
  const isMovable =
    !waits || tried.some(({ move, decision }) => move.kind === 'command' && decision.kind === 'accepted');
  return isMovable
    ? faults
    : [...faults, `${placeOf(root)} waits for a command, and none of the given ones is accepted`];
}

function isHeld(actor: AnyMachineSnapshot): boolean {
  return actor.hasTag('parked') || actor.hasTag('ended');
}

function namesBlockers({ context }: AnyMachineSnapshot): boolean {
  return Array.isArray(context.blockers) && context.blockers.length > 0;
}

function placeOf({ value }: AnyMachineSnapshot): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function owedFaults(system: System, state: AnyState, tried: readonly Tried[]): readonly string[] {
  const { owed, root, children } = state;
  const keys = owed.map(({ key }) => key);
  const twice = owed.filter(({ key }, n) => keys.indexOf(key) !== n);
  /** Who has ended, and still owes the effect; null when nobody has. */
  const endedOf = ({ actor }: PlainEffect): string | null => {
    if (root.status !== 'active') return system.rootName;
    return actor === system.rootName || children[actor]?.status === 'active' ? null : actor;
  };
  const isEnded = (effect: PlainEffect): boolean => endedOf(effect) !== null;
  return [
    ...twice.map(({ kind }) => `it owes ${kind} twice under one key`),
    ...owed.flatMap((effect) => {
      const ended = endedOf(effect);
      if (ended === null) return [];
      const asker = ended === effect.actor ? '' : ` by ${effect.actor}`;
      return [`${ended} is final, and ${effect.kind} is still owed${asker}`];
    }),
    ...owed.filter((effect) => !isEnded(effect)).flatMap((effect) => settlingFaults(state, effect, tried)),
  ];
}

/** An effect that nothing answers may be ended by time or by a command. */
function settlingFaults(state: AnyState, effect: PlainEffect, tried: readonly Tried[]): readonly string[] {
  const { kind, key } = effect;
  const answers = tried.filter(({ move }) => move.settles?.key === key);
  const told = effectName(state, key);
  if (answers.length === 0) {
    const isMoved = tried.some(
      ({ move, decision }) =>
        decision.kind === 'accepted' && (move.kind === 'command' || move.settles?.kind === DEADLINE),
    );
    return isMoved ? [] : [`it owes ${kind}, and no fact settles it`];
  }
  const refused = answers.flatMap(({ move, decision }) =>
    decision.kind === 'refused' ? [`it owes ${told}, whose answer ${move.type} is refused: ${decision.reason}`] : [],
  );
  return refused.length === answers.length ? [`it owes ${kind}, and no fact settles it`] : refused;
}

function formFaults(system: System, state: AnyState): readonly string[] {
  const actors = Object.entries({ [system.rootName]: state.root, ...state.children });
  const alien = actors.flatMap(([name, { context }]) => alienIn(context, `${name}.context`));
  if (alien.length > 0) return alien;
  const problem = stateProblem(system, state);
  return problem === null ? [] : [`it cannot be restored from disk: ${problem}`];
}

/** The state as a process finds it that reads it from disk. Throws where XState does not restore it. */
export function restored(system: System, state: AnyState): AnyState {
  const { actors, kinds = {}, outbox, deadlines } = persist(system, state);
  const owed: readonly PlainEffect[] = JSON.parse(JSON.stringify([...outbox, ...deadlines]));
  const live = (name: string): AnyMachineSnapshot => {
    const found = restore(actorDefinition(system, name, kinds), actors[name] ?? null);
    if (found.kind === 'refused') throw new Error(`${name}: ${found.reason}`);
    return found.snapshot;
  };
  const children = Object.keys(actors).filter((name) => name !== system.rootName);
  return {
    ...state,
    root: live(system.rootName),
    children: Object.fromEntries(children.map((name) => [name, live(name)])),
    owed: state.owed.map((effect) => owed.find(({ key }) => key === effect.key) ?? effect),
  };
}

/** Everything in a value that JSON does not carry over. */
function alienIn(value: unknown, path: string): readonly string[] {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return [];
  if (Array.isArray(value)) return value.flatMap((each, n) => alienIn(each, `${path}[${n}]`));
  if (isObject(value) && isPlain(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return members.flatMap(([name, member]) => alienIn(member, `${path}.${name}`));
  }
  const what = isObject(value) ? `a ${value.constructor.name}` : String(value);
  return [`${path} is ${typeof value === 'function' ? 'a function' : what}, which JSON does not carry`];
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
