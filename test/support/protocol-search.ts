/**
 * Exhaustive breadth-first exploration of the modelled protocol.
 *
 * Owns: the search, the shortest counterexample, which states can still reach the end. Does not own: the model, the checks.
 *
 * Invariants: 1. Every reachable state within the rules is visited once, or the result says that it is not complete. 2. The order is breadth first: a
 * counterexample is a shortest one.
 */
import { brokenBy, brokenIn, isFinal, type Law } from './protocol-checks.ts';
import { faultSteps } from './protocol-faults.ts';
import { hostSteps } from './protocol-host.ts';
import { firstState, type Rules, shapeOf } from './protocol-rules.ts';
import { runnerSteps } from './protocol-runner.ts';
import { keyOf, type State, stateOf } from './protocol-state.ts';
import type { Step } from './protocol-step.ts';
import { treeSteps } from './protocol-tree.ts';

/** Every step that can be taken in this state; none in a final one. */
export function stepsOf(state: State, rules: Rules): Step[] {
  if (isFinal(state, rules)) return [];
  const steps: Step[] = [];
  for (let index = 0; index < state.runners.length; index += 1) steps.push(...runnerSteps(state, rules, index));
  for (let slot = 0; slot < state.hosts.length; slot += 1) {
    steps.push(...hostSteps(state, rules, slot));
    steps.push(...treeSteps(state, rules, slot));
  }
  steps.push(...faultSteps(state, rules));
  return steps;
}

/** A way to a state that must not be. */
export interface Counterexample {
  readonly law: Law;
  /** The steps from the first state on, the last of which breaks it. */
  readonly steps: readonly string[];
}

/** What an exploration found. */
export interface Exploration {
  readonly rules: Rules;
  /** Keys in the order of discovery. */
  readonly keys: readonly string[];
  readonly stepCount: number;
  readonly finalCount: number;
  readonly counterexample: Counterexample | null;
  /** False when the bound was reached before everything was. */
  readonly isComplete: boolean;
  /** The steps that recovery may count on: no fault, no luck. */
  readonly edges: Edges;
  readonly ms: number;
}

/** Who leads where, by index of discovery, in arrays that grow. */
export class Edges {
  #from = new Int32Array(1024);
  #to = new Int32Array(1024);
  count = 0;

  add(from: number, to: number): void {
    if (this.count === this.#from.length) {
      this.#from = grown(this.#from);
      this.#to = grown(this.#to);
    }
    this.#from[this.count] = from;
    this.#to[this.count] = to;
    this.count += 1;
  }

  /** Which of `size` states can reach one of `goals`. */
  canReach(goals: Iterable<number>, size: number): Uint8Array {
    const first = new Int32Array(size + 1);
    for (let edge = 0; edge < this.count; edge += 1) {
      const to = this.#to[edge] ?? 0;
      first[to + 1] = (first[to + 1] ?? 0) + 1;
    }
    for (let state = 0; state < size; state += 1) first[state + 1] = (first[state + 1] ?? 0) + (first[state] ?? 0);
    const fill = first.slice();
    const sources = new Int32Array(this.count);
    for (let edge = 0; edge < this.count; edge += 1) {
      const to = this.#to[edge] ?? 0;
      const place = fill[to] ?? 0;
      sources[place] = this.#from[edge] ?? 0;
      fill[to] = place + 1;
    }
    const reaches = new Uint8Array(size);
    const open = [...goals];
    for (const goal of open) reaches[goal] = 1;
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      for (let place = first[state] ?? 0; place < (first[state + 1] ?? 0); place += 1) {
        const source = sources[place] ?? 0;
        if (reaches[source] === 1) continue;
        reaches[source] = 1;
        open.push(source);
      }
    }
    return reaches;
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const next = new Int32Array(array.length * 2);
  next.set(array);
  return next;
}

/** What a search is bounded by. */
export interface SearchOptions {
  /** The search ends here, incomplete, breadth first up to then. */
  readonly statesMax?: number;
  /** The law whose breach ends the search; any when absent. */
  readonly sought?: Law;
}

/** Every state that is reachable under the rules, or the shortest way to one that breaks an invariant. */
export function explore(rules: Rules, { statesMax = 5_000_000, sought }: SearchOptions = {}): Exploration {
  const startMs = performance.now();
  const shape = shapeOf(rules);
  const start = firstState(rules);
  const keys: string[] = [keyOf(start)];
  const indexOf = new Map<string, number>([[keyOf(start), 0]]);
  const parents: number[] = [-1];
  const edges = new Edges();
  let stepCount = 0;
  let finalCount = 0;
  const report = (counterexample: Counterexample | null, isComplete = true): Exploration => {
    return { rules, keys, stepCount, finalCount, counterexample, isComplete, edges, ms: performance.now() - startMs };
  };
  for (let index = 0; index < keys.length; index += 1) {
    const state = stateOf(keys[index] ?? '', shape);
    const steps = stepsOf(state, rules);
    if (steps.length === 0) finalCount += 1;
    for (const { name, next, kind } of steps) {
      stepCount += 1;
      const key = keyOf(next);
      const known = indexOf.get(key);
      const target = known ?? keys.length;
      const broken = [...brokenBy(state, next), ...(known === undefined ? brokenIn(next, rules) : [])];
      const law = sought === undefined ? broken[0] : broken.find((each) => each === sought);
      if (law !== undefined) return report({ law, steps: [...wayTo(index, keys, parents, rules), name] });
      if (kind === undefined) edges.add(index, target);
      if (known !== undefined) continue;
      if (keys.length >= statesMax) return report(null, false);
      keys.push(key);
      indexOf.set(key, target);
      parents.push(index);
    }
  }
  return report(null);
}

/** The names of the steps on the way of discovery to a state. */
export function wayTo(index: number, keys: readonly string[], parents: readonly number[], rules: Rules): string[] {
  const way: string[] = [];
  for (let at = index; at > 0; at = parents[at] ?? 0) {
    const from = stateOf(keys[parents[at] ?? 0] ?? '', shapeOf(rules));
    const step = stepsOf(from, rules).find(({ next }) => keyOf(next) === keys[at]);
    way.push(step?.name ?? '?');
  }
  return way.reverse();
}
