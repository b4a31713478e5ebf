/**
 * Every state that a system can reach, and every step between them, by `decide` over its machines.
 *
 * Owns: the actor logic that @xstate/graph walks, the graph as plain data. Does not own: the moves (moves), sameness (sameness).
 *
 * Invariants: 1. Nothing is sampled: the walk ends when every state has been asked every move, or at `statesMax`, and then says so. 2. The order is breadth
 * first: the way to a state is a shortest one. 3. What a machine throws ends no walk: it is a fault of that step.
 */
import { type AdjacencyValue, getAdjacencyMap, type TraversalOptions } from '@xstate/graph';
import { fromTransition, type NonReducibleUnknown, type TransitionSnapshot } from 'xstate';
import { messageOf } from '../../base/error-text.ts';
import type { Delivery } from '../../kernel/decide.ts';
import { type Moment, type Move, START, type Subject, take } from './moves.ts';

/** A step that is taken. */
export interface Step {
  readonly move: Move;
  /** The key of the state that it leads to. */
  readonly to: string;
  /** What it leads to, as decided: of that key, and not always the moment that the walk continued from. */
  readonly after: Moment;
  /** What each machine received on the way. */
  readonly deliveries: readonly Delivery[];
}

/** A reachable state, with every step that is taken from it. */
export interface StateNode {
  readonly key: string;
  readonly moment: Moment;
  readonly steps: readonly Step[];
  /** A shortest way to it, by the names of its moves. */
  readonly way: readonly string[];
}

/** Everything that is reachable, in the order of discovery; the first node is that before the first record. */
export interface StateGraph {
  readonly nodes: ReadonlyMap<string, StateNode>;
  /** The walk was abandoned at its bound: `nodes` is empty. */
  readonly isCut: boolean;
  /** States without the one before the first record, and steps. */
  readonly states: number;
  readonly steps: number;
  /** Steps that no state comes of, with the way to them and why. */
  readonly faults: readonly { readonly sentence: string; readonly way: readonly string[] }[];
}

/** Thrown within the walk at its bound. */
class BoundReached extends Error {}

type Snapshot = TransitionSnapshot<Moment>;

/** Every state and step that the system can reach, of at most `statesMax` states. */
export function walk(subject: Subject, statesMax: number): StateGraph {
  const taker = new Taker(subject, statesMax);
  const logic = fromTransition((moment: Moment, move: Move) => taker.take(moment, move), START);
  const traversal: TraversalOptions<Snapshot, Move, NonReducibleUnknown> = {
    events: ({ context }) => subject.moves(context),
    serializeState: ({ context }) => taker.keyOf(context),
    serializeEvent: ({ type }) => type,
  };
  try {
    const visited: readonly [string, AdjacencyValue<Snapshot, Move>][] = Object.entries(
      getAdjacencyMap(logic, traversal),
    );
    return graphOf(visited, taker);
  } catch (error) {
    if (!(error instanceof BoundReached)) throw error;
    return { nodes: new Map(), isCut: true, states: taker.states, steps: taker.steps, faults: taker.faults };
  }
}

/** The steps of one walk: each decided and remembered with where it came from. */
class Taker {
  readonly deliveries = new WeakMap<Moment, readonly Delivery[]>();
  readonly faults: { sentence: string; way: readonly string[] }[] = [];
  steps = 0;
  readonly #subject: Subject;
  readonly #statesMax: number;
  readonly #keys = new WeakMap<Moment, string>();
  readonly #cameBy = new WeakMap<Moment, { readonly before: Moment; readonly type: string }>();
  readonly #known = new Set<string>();

  constructor(subject: Subject, statesMax: number) {
    this.#subject = subject;
    this.#statesMax = statesMax;
  }

  /** Found so far, without the one before the first record. */
  get states(): number {
    return this.#known.size - 1;
  }

  keyOf(moment: Moment): string {
    const key = this.#keys.get(moment) ?? this.#subject.key(moment);
    this.#keys.set(moment, key);
    this.#known.add(key);
    if (this.states > this.#statesMax) throw new BoundReached();
    return key;
  }

  take(before: Moment, move: Move): Moment {
    try {
      const decision = take(this.#subject, before, move);
      if (decision.kind === 'refused') return before;
      const after: Moment = { state: decision.state, nowMs: move.input.atMs };
      this.keyOf(after);
      this.steps += 1;
      this.deliveries.set(after, decision.deliveries);
      this.#cameBy.set(after, { before, type: move.type });
      return after;
    } catch (error) {
      if (error instanceof BoundReached) throw error;
      const sentence = `${move.type} makes the system throw: ${messageOf(error)}`;
      this.faults.push({ sentence, way: [...this.wayTo(before), move.type] });
      return before;
    }
  }

  wayTo(moment: Moment): readonly string[] {
    const way: string[] = [];
    for (let step = this.#cameBy.get(moment); step !== undefined; step = this.#cameBy.get(step.before))
      way.push(step.type);
    return way.reverse();
  }
}

type Taken = { readonly event: Move; readonly state: Snapshot };

function graphOf(visited: readonly [string, AdjacencyValue<Snapshot, Move>][], taker: Taker): StateGraph {
  const nodes = new Map<string, StateNode>();
  let count = 0;
  for (const [key, { state, transitions }] of visited) {
    const moment = state.context;
    const steps = Object.values<Taken>(transitions).flatMap(
      ({ event: move, state: { context: after } }): readonly Step[] =>
        after === moment
          ? []
          : [{ move, to: taker.keyOf(after), after, deliveries: taker.deliveries.get(after) ?? [] }],
    );
    nodes.set(key, { key, moment, steps, way: taker.wayTo(moment) });
    count += steps.length;
  }
  return { nodes, isCut: false, states: nodes.size - 1, steps: count, faults: taker.faults };
}
