/**
 * Long histories drawn by a seed, held against the graph: states that count as the same must continue alike.
 *
 * Owns: drawing them, the comparison. Does not own: what counts as the same (sameness), the graph (state-graph).
 *
 * Model: the walk continues from one history to a state only. What is ignored and yet decides what comes next shows in a history that has come to that state
 * by another way, and often only after a while.
 */
import { random } from '../memory/memory-nodes.ts';
import { type Moment, START, type Subject, take } from './moves.ts';
import { unlike } from './sameness.ts';
import type { StateGraph } from './state-graph.ts';

const HISTORIES = 24;
const MOVES_MAX = 40;

/** A history that leaves the graph. */
export interface Divergence {
  readonly sentence: string;
  readonly way: readonly string[];
}

/** Histories that leave the graph, the first of each that does. */
export function divergences(subject: Subject, graph: StateGraph, seed: number): readonly Divergence[] {
  const chance = random(seed);
  return Array.from({ length: HISTORIES }, () => divergence(subject, graph, chance)).flatMap((found) => found ?? []);
}

function divergence(subject: Subject, graph: StateGraph, chance: () => number): Divergence | null {
  let moment = START;
  const way: string[] = [];
  for (let n = 0; n < MOVES_MAX; n += 1) {
    const steps = graph.nodes.get(subject.key(moment))?.steps ?? [];
    const next: { readonly name: string; readonly after: Moment }[] = [];
    for (const move of subject.moves(moment)) {
      const decision = take(subject, moment, move);
      const after = decision.kind === 'refused' ? null : { state: decision.state, nowMs: move.input.atMs };
      const known = steps.find(({ move: { type } }) => type === move.type);
      if (known?.to !== (after === null ? undefined : subject.key(after))) {
        return { sentence: unlike(move.type), way: [...way, move.type] };
      }
      if (after !== null) next.push({ name: move.type, after });
    }
    const chosen = next[Math.floor(chance() * next.length)];
    if (chosen === undefined) return null;
    way.push(chosen.name);
    moment = chosen.after;
  }
  return null;
}
