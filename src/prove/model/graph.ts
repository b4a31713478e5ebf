/**
 * The walk: every state that a run can reach in a world, and every step between them, by `decide` over the real machines.
 *
 * Owns: the actor logic that @xstate/graph walks, the graph as plain data. Does not own: the alphabet (world), sameness (key).
 *
 * Invariants: 1. Nothing is sampled: the walk ends when every state has been asked every step, or it throws at `stepsMax`. 2. A refused
 * step is no edge and is kept with its code.
 */

import { type AdjacencyMap, type AdjacencyValue, getAdjacencyMap, type TraversalOptions } from '@xstate/graph';
import { fromTransition, type NonReducibleUnknown, type TransitionSnapshot } from 'xstate';
import type { ErrorCode } from '../../model/error-codes.ts';
import { decideRun, type RunDecision, type RunDelivery, type RunState, type RunStep } from '../../run/system.ts';
import { stateKey } from './key.ts';
import { MODEL_RUN, opening, stepsOf, type World, type WorldEvent } from './world.ts';

/** One step that is taken. */
export interface Edge {
  readonly event: WorldEvent;
  /** The key of the state that it leads to. */
  readonly to: string;
  /** What it leads to, as decided: of that key, and not always the state that the walk continued from. */
  readonly state: RunState;
  /** What each machine received on the way. */
  readonly deliveries: readonly RunDelivery[];
}

/** One reachable state, with every step that is taken from it. */
export interface Node {
  readonly key: string;
  readonly state: RunState;
  readonly edges: readonly Edge[];
}

/** Everything that is reachable, in the order of discovery: breadth first. */
export interface Graph {
  readonly start: string;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly edgeCount: number;
  readonly refusals: ReadonlyMap<ErrorCode, number>;
}

/** What the walk is bounded by, and what it looks at on the way. */
export interface WalkOptions {
  /** The walk throws when it would take more steps. */
  readonly stepsMax?: number;
  /** What is wrong with a step, in sentences: the walk throws a Counterexample at the first that has any. */
  readonly check?: (before: RunState, after: RunState, deliveries: readonly RunDelivery[]) => readonly string[];
}

/** A step that must not be, with a shortest way to it. */
export class Counterexample extends Error {
  readonly sentences: readonly string[];
  readonly path: readonly string[];

  constructor(sentences: readonly string[], path: readonly string[]) {
    super(`${sentences.join('; ')}, after ${path.join(' → ')}`);
    this.name = 'Counterexample';
    this.sentences = sentences;
    this.path = path;
  }
}

/** The state of a run that has received its packet, which lacks those fields. */
export function openedRun(world: World, missingFields: string[] = []): RunState {
  return accepted(decideRun(MODEL_RUN, null, opening(world.policy, missingFields)));
}

function accepted(decision: RunDecision): RunState {
  if (decision.kind === 'refused') throw new Error(`${decision.code}: ${decision.reason}`);
  return decision.state;
}

/** Every state and step that is reachable in `world`. */
export function explore(world: World, options: WalkOptions = {}): Graph {
  const { logic, traversal, steps } = walkOf(world, options);
  return { ...graphOf(getAdjacencyMap(logic, traversal), steps.received), refusals: steps.refusals };
}

/** The walk as @xstate/graph takes it, and what the logic has seen on the way. */
export function walkOf(world: World, options: WalkOptions) {
  const steps = new Steps(options.check ?? (() => []));
  const logic = fromTransition((state: RunState, event: WorldEvent) => steps.take(state, event), openedRun(world));
  const traversal: TraversalOptions<TransitionSnapshot<RunState>, WorldEvent, NonReducibleUnknown> = {
    events: ({ context }) => stepsOf(context, world),
    serializeState: ({ context }) => stateKey(context),
    serializeEvent: ({ type }) => type,
    stopWhen: ({ context: { root: run } }) => run.status !== 'active',
    limit: options.stepsMax ?? 3_000_000,
  };
  return { logic, traversal, steps };
}

/** The steps of one walk: each decided, checked and remembered with where it came from. */
class Steps {
  readonly refusals = new Map<ErrorCode, number>();
  readonly received = new WeakMap<RunState, readonly RunDelivery[]>();
  readonly #cameBy = new WeakMap<RunState, { readonly before: RunState; readonly type: string }>();
  readonly #check: NonNullable<WalkOptions['check']>;

  constructor(check: NonNullable<WalkOptions['check']>) {
    this.#check = check;
  }

  take(before: RunState, { type, input }: WorldEvent): RunState {
    const decision = this.#decide(before, type, input);
    if (decision.kind === 'refused') {
      this.refusals.set(decision.code, (this.refusals.get(decision.code) ?? 0) + 1);
      return before;
    }
    const { state, deliveries } = decision;
    this.received.set(state, deliveries);
    this.#cameBy.set(state, { before, type });
    const broken = this.#check(before, state, deliveries);
    if (broken.length > 0) throw new Counterexample(broken, [...this.#wayTo(before), type]);
    return state;
  }

  #decide(before: RunState, type: string, input: RunStep): RunDecision {
    try {
      return decideRun(MODEL_RUN, before, input);
    } catch (error) {
      throw new Counterexample([String(error)], [...this.#wayTo(before), type]);
    }
  }

  #wayTo(state: RunState): string[] {
    const way: string[] = [];
    for (let step = this.#cameBy.get(state); step !== undefined; step = this.#cameBy.get(step.before))
      way.push(step.type);
    return way.reverse();
  }
}

/** What @xstate/graph tells of one state; its own map of them has branded keys, which hide the type of its values. */
type Visited = AdjacencyValue<TransitionSnapshot<RunState>, WorldEvent>;
type Taken = { readonly event: WorldEvent; readonly state: TransitionSnapshot<RunState> };

function graphOf(
  map: AdjacencyMap<TransitionSnapshot<RunState>, WorldEvent>,
  received: WeakMap<RunState, readonly RunDelivery[]>,
): Omit<Graph, 'refusals'> {
  const visited: [string, Visited][] = Object.entries(map);
  const nodes = new Map<string, Node>();
  let edgeCount = 0;
  for (const [key, value] of visited) {
    const edges: Edge[] = [];
    for (const { event, state } of Object.values<Taken>(value.transitions)) {
      if (state.context === value.state.context) continue;
      const deliveries = received.get(state.context) ?? [];
      edges.push({ event, to: stateKey(state.context), state: state.context, deliveries });
    }
    nodes.set(key, { key, state: value.state.context, edges });
    edgeCount += edges.length;
  }
  const start = nodes.keys().next().value;
  if (start === undefined) throw new Error('bug: a walk finds its start');
  return { start, nodes, edgeCount };
}

/** The node of that key. Throws when there is none: our bug. */
export function nodeOf(graph: Graph, key: string): Node {
  const node = graph.nodes.get(key);
  if (node === undefined) throw new Error(`bug: no state ${key}`);
  return node;
}

/** How large a graph is, and how many steps were asked for and refused. */
export function countsOf(graph: Graph): { readonly states: number; readonly steps: number; readonly refused: number } {
  const refused = [...graph.refusals.values()].reduce((sum, count) => sum + count, 0);
  return { states: graph.nodes.size, steps: graph.edgeCount, refused };
}
