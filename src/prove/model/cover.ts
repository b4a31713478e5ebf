/**
 * Paths through a graph that leave nothing out: every edge, or every pair of edges that follow each other.
 *
 * Owns: both covers. Does not own: the graph (graph), what a path is good for (replay).
 *
 * Invariants: 1. Every path begins at the start. 2. Every edge (or pair) lies on at least one path. 3. No path is the beginning of another.
 */
import { type Edge, type Graph, nodeOf } from './graph.ts';

/** Steps from the start of a graph. */
export type Path = readonly Edge[];

/** What is to be walked: an edge, after another one or, where `before` is null, however it is reached. */
interface Item {
  readonly before: Edge | null;
  readonly edge: Edge;
}

/** Paths on which every edge lies (`length` 1), or every edge after every edge that leads to it (`length` 2). */
export function cover(graph: Graph, length: 1 | 2): readonly Path[] {
  const way = waysTo(graph);
  const open = new Agenda(length);
  const items = length === 1 ? [...way.keys()].map((edge) => ({ before: null, edge })) : pairsOf(graph, way);
  for (const item of items) open.add(item);
  const paths: Path[] = [];
  // From the farthest to the nearest: what lies on the way of a longer path needs none of its own.
  for (const item of items.reverse()) {
    if (!open.has(item)) continue;
    const { before, edge } = item;
    const path = before === null ? [...wayOf(way, edge), edge] : [...wayOf(way, before), before, edge];
    open.walked(path);
    open.extend(path, graph);
    paths.push(path);
  }
  return paths;
}

/** Every edge after every edge that leads to it; the edges of the start also with nothing before them. */
function pairsOf(graph: Graph, way: ReadonlyMap<Edge, Edge | null>): Item[] {
  const first = nodeOf(graph, graph.start).edges.map((edge) => ({ before: null, edge }));
  const pairs = [...way.keys()].flatMap((before) => nodeOf(graph, before.to).edges.map((edge) => ({ before, edge })));
  return [...first, ...pairs];
}

/** What is still to be walked. */
class Agenda {
  readonly #length: 1 | 2;
  readonly #open = new Map<Edge | null, Set<Edge>>();

  constructor(length: 1 | 2) {
    this.#length = length;
  }

  add({ before, edge }: Item): void {
    const edges = this.#open.get(before) ?? new Set();
    this.#open.set(before, edges.add(edge));
  }

  has({ before, edge }: Item): boolean {
    return this.#open.get(before)?.has(edge) === true;
  }

  walked(path: Path): void {
    for (const [index, edge] of path.entries()) this.#done(this.#before(path[index - 1]), edge);
  }

  /** Continues from the end of `path` while there is a next step that is still to be walked. */
  extend(path: Edge[], graph: Graph): void {
    for (;;) {
      const last = path.at(-1);
      if (last === undefined) return;
      const before = this.#before(last);
      const edge = nodeOf(graph, last.to).edges.find((next) => this.has({ before, edge: next }));
      if (edge === undefined) return;
      this.#done(before, edge);
      path.push(edge);
    }
  }

  #before(edge: Edge | undefined): Edge | null {
    return this.#length === 1 ? null : (edge ?? null);
  }

  #done(before: Edge | null, edge: Edge): void {
    this.#open.get(before)?.delete(edge);
  }
}

/** Every edge, breadth first, with the edge that is before it on a shortest way from the start. */
function waysTo(graph: Graph): ReadonlyMap<Edge, Edge | null> {
  const way = new Map<Edge, Edge | null>();
  const reached = new Set([graph.start]);
  for (const edge of nodeOf(graph, graph.start).edges) way.set(edge, null);
  for (const edge of way.keys()) {
    if (reached.has(edge.to)) continue;
    reached.add(edge.to);
    for (const next of nodeOf(graph, edge.to).edges) way.set(next, edge);
  }
  return way;
}

function wayOf(way: ReadonlyMap<Edge, Edge | null>, edge: Edge): Edge[] {
  const steps: Edge[] = [];
  for (let at = way.get(edge) ?? null; at !== null; at = way.get(at) ?? null) steps.push(at);
  return steps.reverse();
}
