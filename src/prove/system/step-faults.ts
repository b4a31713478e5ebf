/**
 * What must hold of every step of any system.
 *
 * Owns: trying every move of a state, those laws, each with the sentence for the step that breaks it. Does not own: what must hold in a state (state-faults).
 *
 * Laws: 1. An opening is taken. 2. Deciding again, and from the state as it comes back from disk, gives the same bytes. 3. What is decided can be recorded.
 * 4. A fact that has settled its effect settles nothing any more, nor does one whose key was never owed.
 */
import { canonicalJson } from '../../base/canonical-json.ts';
import { recordProblem } from '../../engine/rehydrate-system.ts';
import type { Decision } from '../../kernel/decide.ts';
import { stateImage } from '../../kernel/image.ts';
import type { System } from '../../kernel/system.ts';
import { type Moment, type Move, type Subject, type Tried, take } from './moves.ts';
import { restored } from './state-faults.ts';

/** Every move from the moment, but for those at which the system throws, or that lead to what has no form. */
export function tryMoves(subject: Subject, moment: Moment): readonly Tried[] {
  return subject.moves(moment).flatMap((move): readonly Tried[] => {
    try {
      const decision = take(subject, moment, move);
      if (decision.kind === 'accepted') subject.key({ state: decision.state, nowMs: move.input.atMs });
      return [{ move, decision }];
    } catch {
      // The walk has met it already, and told.
      return [];
    }
  });
}

/** A moment, and the same as a process finds it that reads it from disk. */
export interface Reread {
  readonly moment: Moment;
  readonly back: Moment | Error;
}

/** The moment, read from disk once. */
export function reread({ system }: Subject, moment: Moment): Reread {
  if (moment.state === null) return { moment, back: moment };
  try {
    return { moment, back: { ...moment, state: restored(system, moment.state) } };
  } catch (error) {
    return { moment, back: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** What does not hold of a move from the moment; each a sentence. */
export function stepFaults(subject: Subject, read: Reread, { move, decision }: Tried): readonly string[] {
  const { moment } = read;
  const { system } = subject;
  if (decision.kind === 'refused')
    return move.kind === 'opening' ? [`the opening event ${move.type} is refused: ${decision.reason}`] : [];
  const faults = [...sameFaults(subject, read, move, decision), ...settledFaults(subject, moment, { move, decision })];
  const problem = recordProblem(system, { ...move.input, effects: decision.effects }, moment.state);
  return problem === null ? faults : [...faults, `${move.type} cannot be recorded: ${problem}`];
}

function sameFaults(subject: Subject, { moment, back }: Reread, move: Move, first: Decision): readonly string[] {
  const { system } = subject;
  const text = textOf(system, first);
  const again = textOf(system, take(subject, moment, move));
  if (again !== text) return [`${move.type}, decided twice, leads to two different states`];
  if (moment.state === null) return [];
  try {
    if (back instanceof Error) throw back;
    return textOf(system, take(subject, back, move)) === text
      ? []
      : [`${move.type} leads to a different state after the system was read from disk`];
  } catch (error) {
    return [`${move.type} cannot be decided after the system was read from disk: ${String(error)}`];
  }
}

/** All that a decision says, byte for byte. */
function textOf(system: System, decision: Decision): string {
  if (decision.kind === 'refused') return canonicalJson(decision);
  return `${stateImage(system, decision.state)} ${canonicalJson(decision.effects)}`;
}

function settledFaults(subject: Subject, moment: Moment, { move, decision }: Tried): readonly string[] {
  if (move.settles === null || decision.kind === 'refused') return [];
  const after: Moment = { state: decision.state, nowMs: move.input.atMs };
  const { kind } = move.settles;
  if (codeOf(subject, after, move) !== 'PAWL_EVENT_STALE')
    return [`${kind} is still owed after its answer ${move.type}`];
  const { event } = move.input;
  const foreign: Move = { ...move, input: { ...move.input, event: { ...event, key: `${event.key} of another` } } };
  return codeOf(subject, moment, foreign) === 'PAWL_EVENT_STALE'
    ? []
    : [`${move.type} is accepted under a key that is not owed`];
}

function codeOf(subject: Subject, moment: Moment, move: Move): string | null {
  const decision = take(subject, moment, move);
  return decision.kind === 'refused' ? decision.code : null;
}
