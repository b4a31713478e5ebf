/**
 * What can happen again and again in a graph, and how often what cannot.
 *
 * Owns: what lies on a circle, the longest that a run can continue by itself. Does not own: the graph (src/prove/model/graph).
 */
import type { Edge, Graph, Node } from '../../src/prove/model/graph.ts';

/** Edges of `chosen` kind that lie on a circle of edges that are `allowed`: what can happen again and again. */
export function onCircles(
  graph: Graph,
  allowed: (edge: Edge) => boolean,
  chosen: (edge: Edge) => boolean,
): readonly Edge[] {
  const component = componentsOf(graph, allowed);
  const found: Edge[] = [];
  for (const { key, edges } of graph.nodes.values()) {
    for (const edge of edges) {
      if (allowed(edge) && chosen(edge) && component.get(key) === component.get(edge.to)) found.push(edge);
    }
  }
  return found;
}

/** The most edges of `chosen` kind on one way from the start over `allowed` edges. Throws when one of them lies on a circle. */
export function mostOnOneWay(graph: Graph, allowed: (edge: Edge) => boolean, chosen: (edge: Edge) => boolean): number {
  if (onCircles(graph, allowed, chosen).length > 0) throw new Error('there is no most: a circle repeats it');
  const component = componentsOf(graph, allowed);
  const most = new Map<number, number>();
  const members = new Map<number, Node[]>();
  for (const node of graph.nodes.values()) {
    const id = component.get(node.key) ?? -1;
    members.set(id, [...(members.get(id) ?? []), node]);
  }
  // Components are numbered in the order in which they are finished: those that are led to come first.
  for (const id of [...members.keys()].sort((a, b) => a - b)) {
    let best = 0;
    for (const { edges } of members.get(id) ?? []) {
      for (const edge of edges.filter(allowed)) {
        const next = component.get(edge.to) ?? -1;
        best = Math.max(best, (next === id ? 0 : (most.get(next) ?? 0)) + (chosen(edge) ? 1 : 0));
      }
    }
    most.set(id, best);
  }
  return most.get(component.get(graph.start) ?? -1) ?? 0;
}

/**
 * The strongly connected component of every state, numbered so that edges never lead to a higher number (R. Tarjan, "Depth-first search
 * and linear graph algorithms", 1972; without recursion).
 */
function componentsOf(graph: Graph, allowed: (edge: Edge) => boolean): ReadonlyMap<string, number> {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const component = new Map<string, number>();
  const stack: string[] = [];
  let componentCount = 0;
  for (const root of graph.nodes.keys()) {
    if (index.has(root)) continue;
    const calls: { readonly key: string; readonly targets: readonly string[]; at: number }[] = [];
    const enter = (key: string): void => {
      index.set(key, index.size);
      low.set(key, index.size - 1);
      stack.push(key);
      const targets = (graph.nodes.get(key)?.edges ?? []).filter(allowed).map(({ to }) => to);
      calls.push({ key, targets, at: 0 });
    };
    enter(root);
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const { key } = call;
      const target = call.targets[call.at];
      call.at += 1;
      if (target !== undefined) {
        if (!index.has(target)) enter(target);
        else if (!component.has(target)) lower(low, key, index.get(target));
        continue;
      }
      calls.pop();
      lower(low, calls.at(-1)?.key, low.get(key));
      if (low.get(key) !== index.get(key)) continue;
      for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
        component.set(member, componentCount);
        if (member === key) break;
      }
      componentCount += 1;
    }
  }
  return component;
}

function lower(low: Map<string, number>, key: string | undefined, value: number | undefined): void {
  if (key === undefined || value === undefined) return;
  low.set(key, Math.min(low.get(key) ?? value, value));
}
