/** Every step, and every step after every step that leads to it, of facets of the world at the default bounds: a seventh of the paths is replayed each day. */
import { describe, expect, it } from 'vitest';
import { cover, named, type Path } from '../../src/prove/model/cover.ts';
import { type Edge, type Graph, nodeOf } from '../../src/prove/model/graph.ts';
import { Replay } from '../../src/prove/model/replay.ts';
import { COVER_FACETS, exploreChecked } from '../../src/prove/model/worlds.ts';
import { DAY, DAYS_OF_WEEK, todaysPart } from '../support/draw.ts';

/** Of each facet: states, steps, pairs of steps, and the paths that cover all steps and all pairs. */
const COUNTS: Readonly<Record<string, readonly number[]>> = {
  'gates and what is refused': [118, 157, 251, 79, 136],
  attempts: [453, 1_370, 2_005, 925, 800],
  ends: [125, 271, 338, 172, 184],
  'nothing to commit': [109, 170, 248, 79, 109],
  hosts: [116, 239, 417, 100, 191],
  doubts: [101, 221, 411, 95, 163],
  leases: [49, 118, 284, 42, 92],
  'admission and an operator': [33, 49, 75, 23, 42],
  'leases and an operator': [52, 89, 174, 31, 57],
  'work beyond its surface, lost leases and an operator': [217, 381, 714, 184, 272],
  cancelling: [186, 338, 446, 192, 254],
  'fix rounds and an operator': [139, 191, 289, 65, 114],
  'fix rounds and lost leases': [145, 234, 387, 77, 86],
  'limits of agents': [160, 455, 1_094, 234, 579],
  'limits, attempts and an operator': [290, 689, 1_218, 354, 442],
  'fix rounds that get nowhere': [844, 1_217, 1_843, 420, 670],
  'work that is out of place, lost leases and an operator': [217, 351, 582, 156, 182],
  'packets that are replaced, and an operator': [109, 206, 445, 91, 180],
  'packets that are replaced, and lost leases': [54, 145, 418, 47, 139],
  'packets that are replaced, and work beyond their surfaces': [68, 127, 234, 51, 90],
};

describe.each(COVER_FACETS.map(({ name, world }) => [name, world] as const))('%s', (name, world) => {
  const graph = exploreChecked(world);
  const steps = cover(graph, 1);
  const pairs = cover(graph, 2);
  const replay = new Replay(world);

  it('has exactly as many states, steps and pairs of steps as ever', () => {
    const counts = [graph.nodes.size, graph.edgeCount, pairsIn(graph), steps.length, pairs.length];
    console.info(
      `${name}: ${counts[1]} steps on ${counts[3]} paths, ${counts[2]} pairs of steps on ${counts[4]} paths`,
    );
    expect(counts).toEqual(COUNTS[name]);
  });

  it('has every step on a path of either cover, and every pair of steps on one of the second', () => {
    expect(stepsOn(steps).size).toBe(graph.edgeCount);
    expect(stepsOn(pairs).size).toBe(graph.edgeCount);
    expect(pairsOn(pairs)).toBe(pairsIn(graph));
  });

  it('is decided, folded and sound at every step of its paths', () => {
    const chosen = todaysPart(pairs, DAYS_OF_WEEK);
    expect(chosen.length).toBeGreaterThan(0);
    const wrong = chosen.flatMap((path) => replay.problems(path).map((problem) => `${named(path)}: ${problem}`));
    expect(wrong.slice(0, 5), `day ${DAY}`).toEqual([]);
  });
});

function pairsIn(graph: Graph): number {
  let count = 0;
  for (const { edges } of graph.nodes.values()) for (const { to } of edges) count += nodeOf(graph, to).edges.length;
  return count;
}

function stepsOn(paths: readonly Path[]): ReadonlySet<Edge> {
  return new Set(paths.flat());
}

function pairsOn(paths: readonly Path[]): number {
  const pairs = new Map<Edge, Set<Edge>>();
  for (const path of paths) {
    for (const [index, edge] of path.entries()) {
      const before = path[index - 1];
      if (before !== undefined) pairs.set(before, (pairs.get(before) ?? new Set()).add(edge));
    }
  }
  return [...pairs.values()].reduce((sum, { size }) => sum + size, 0);
}
