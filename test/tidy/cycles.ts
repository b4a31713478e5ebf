/**
 * Rings of imports.
 *
 * Owns: finding them between files and between rooms, types included: two files whose types need each other are one idea.
 * Does not own: the direction of imports (floors).
 */
import { placeOf } from './floors.ts';
import { edgesOf } from './imports.ts';
import type { SourceFile, Violation } from './source-tree.ts';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

function graphOf(pairs: readonly (readonly [string, string])[]): Graph {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of pairs) graph.set(from, (graph.get(from) ?? new Set<string>()).add(to));
  return graph;
}

/** The shortest ring through `start` whose nodes are none of `done`, null when there is none. */
function ringThrough(start: string, graph: Graph, done: ReadonlySet<string>): string[] | null {
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const next of graph.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return [...way, start];
      if (seen.has(next) || done.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return null;
}

/** A violation a ring: each node is looked at once, so that the same ring is told once. */
function rings(graph: Graph, message: string): Violation[] {
  const done = new Set<string>();
  return [...graph.keys()].sort().flatMap((start): Violation[] => {
    const ring = ringThrough(start, graph, done);
    done.add(start);
    return ring === null ? [] : [{ path: start, line: 0, message: `${message}: ${ring.join(' → ')}` }];
  });
}

/** Rings of imports between files, types included. */
export function fileRings(files: readonly SourceFile[]): Violation[] {
  const pairs = edgesOf(files)
    .filter(({ isPackage }) => !isPackage)
    .map(({ from, to }) => [from, to] as const);
  return rings(graphOf(pairs), 'a ring of imports');
}

/** Rings between rooms, types included: two rooms that know each other are one. */
export function roomRings(files: readonly SourceFile[]): Violation[] {
  const pairs = edgesOf(files).flatMap(({ from, to, isPackage }): (readonly [string, string])[] => {
    const [here, there] = [placeOf(from)?.room, placeOf(to)?.room];
    if (isPackage || here === undefined || there === undefined || here === there) return [];
    return [[here, there]];
  });
  return rings(graphOf(pairs), 'a ring of rooms');
}
