/**
 * What a whole graph says that no single state can: that every run can end.
 *
 * Owns: reachability of an end. Does not own: the graph (graph).
 */
import { hasEnded } from '../../run/run-end.ts';
import type { Graph } from './graph.ts';

/** The keys of states from which no final state can be reached. */
export function statesWithoutEnd(graph: Graph): readonly string[] {
  const before = new Map<string, string[]>();
  for (const { key, edges } of graph.nodes.values()) {
    for (const { to } of edges) before.set(to, [...(before.get(to) ?? []), key]);
  }
  const ends = [...graph.nodes.values()].filter(({ state }) => hasEnded(state.root)).map(({ key }) => key);
  const reached = new Set(ends);
  for (const key of reached) for (const earlier of before.get(key) ?? []) reached.add(earlier);
  return [...graph.nodes.keys()].filter((key) => !reached.has(key));
}
