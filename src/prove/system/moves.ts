/**
 * Everything that may happen to a system next.
 *
 * Owns: the moves from a state: openings, answers to what is owed, deadlines, commands. Does not own: what becomes of them (kernel/decide).
 *
 * Invariants: 1. Of one state no two moves have the same name. 2. A deadline is reached no sooner than at its instant, and time never goes back.
 */
import type { Unkeyed } from '../../engine/durable-system.ts';
import { type Decision, decide, type Input } from '../../kernel/decide.ts';
import type { AnyState, System } from '../../kernel/system.ts';
import { DEADLINE } from '../../model/deadline.ts';
import type { PlainEffect, PlainEvent } from '../../model/system-record.ts';
import { EPOCH_MS, effectName, keyOf, nameIn, PROVEN_ID } from './sameness.ts';
import type { ProveOptions } from './system-proof.ts';

/** A system, and what the caller says of the world around it. */
export interface Asked {
  readonly system: System;
  readonly options: ProveOptions<System>;
}

/** A system and everything that may happen to it. */
export interface Subject {
  readonly system: System;
  /** What must hold in every state of it, beside the laws of every system. */
  readonly invariants: NonNullable<ProveOptions<System>['invariants']>;
  /** Members of a context that tell no two ends of one history apart. */
  readonly ignore: NonNullable<ProveOptions<System>['ignore']>;
  /** What tells states apart: those of one key are walked as one, and must continue alike. */
  key(moment: Moment): string;
  /** Everything that may happen at the moment. */
  moves(moment: Moment): readonly Move[];
}

/** A state at an instant; null before the first record. */
export interface Moment {
  readonly state: AnyState | null;
  readonly nowMs: number;
}

/** Something that may happen. */
export interface Move {
  readonly kind: 'opening' | 'answer' | 'deadline' | 'command';
  /** Its name: unlike those of all other moves from the same state. */
  readonly type: string;
  readonly input: Input;
  /** The effect that it is to settle, null where there is none. */
  readonly settles: PlainEffect | null;
}

/** Before anything has happened. */
export const START: Moment = { state: null, nowMs: EPOCH_MS };

/** The end of a history: equal for two that end alike. */
export function endKey({ system, ignore }: Pick<Subject, 'system' | 'ignore'>, { state }: Moment): string {
  return keyOf(system, state, ignore);
}

/** The system in the world that the options describe. */
export function subjectOf(asked: Asked): Subject {
  const { system, options } = asked;
  const { invariants = {}, ignore = {} } = options;
  const key = (moment: Moment): string => endKey({ system, ignore }, moment);
  return { system, invariants, ignore, key, moves: (moment) => movesAt(asked, moment) };
}

function movesAt(asked: Asked, { state, nowMs }: Moment): readonly Move[] {
  const soonMs = nowMs + 1;
  const found = state === null ? openings(asked, soonMs) : next(asked, state, soonMs);
  const names = found.map(({ input }) => nameIn(asked.system, state, input.actor, input.event));
  const named = found.map((move, n): Move => {
    const name = names[n] ?? '';
    const { key } = move.input.event;
    const isAlone = key === undefined || names.indexOf(name) === names.lastIndexOf(name);
    return { ...move, type: isAlone ? name : `${name} for ${effectName(state, key)}` };
  });
  return [...new Map(named.map((move) => [move.type, move])).values()];
}

/** A move and what the system makes of it. */
export interface Tried {
  readonly move: Move;
  readonly decision: Decision;
}

type Unnamed = Omit<Move, 'type'>;

function openings({ system, options: { begin } }: Asked, atMs: number): readonly Unnamed[] {
  const events: readonly PlainEvent[] = isList(begin) ? begin : [begin];
  return events.map((event) => ({ kind: 'opening', input: { actor: system.rootName, event, atMs }, settles: null }));
}

function isList(begin: PlainEvent | readonly PlainEvent[]): begin is readonly PlainEvent[] {
  return Array.isArray(begin);
}

function next({ system, options }: Asked, state: AnyState, atMs: number): readonly Unnamed[] {
  const settled = state.owed.flatMap((effect): readonly Unnamed[] => {
    const { actor, key } = effect;
    if (effect.kind === DEADLINE) {
      const { id, atMs: dueMs } = deadlineIn(effect);
      const event = { type: 'deadlineReached', id, key };
      return [{ kind: 'deadline', input: { actor, event, atMs: Math.max(atMs, dueMs) }, settles: effect }];
    }
    const events: readonly Unkeyed<PlainEvent>[] = options.answers(effect, state);
    return events.map((event) => ({
      kind: 'answer',
      input: { actor, event: { ...event, key }, atMs },
      settles: effect,
    }));
  });
  const commands = (options.commands?.(state) ?? []).map(
    ({ actor = system.rootName, event }): Unnamed => ({
      kind: 'command',
      input: { actor, event, atMs },
      settles: null,
    }),
  );
  return [...settled, ...commands];
}

/** What an effect that waits for the clock is asked for with. */
export function deadlineIn(effect: PlainEffect): { readonly id: string; readonly atMs: number } {
  const { id, atMs } = { id: undefined, atMs: undefined, ...effect };
  return { id: String(id), atMs: Number(atMs) };
}

/** What the system makes of the move. Throws what its machines throw. */
export function take({ system }: Pick<Subject, 'system'>, { state }: Moment, { input }: Move): Decision {
  return decide(system, PROVEN_ID, state, input);
}
