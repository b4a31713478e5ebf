/** Every step, and every step after every step that leads to it, of facets of the world at the default bounds: a seventh of the paths is replayed each day. */
import { describe, expect, it } from 'vitest';
import { cover, type Path } from '../../src/prove/model/cover.ts';
import { type Edge, type Graph, nodeOf } from '../../src/prove/model/graph.ts';
import { Replay } from '../../src/prove/model/replay.ts';
import { COVER_FACETS, exploreChecked } from '../../src/prove/model/worlds.ts';
import { DAY, DAYS_OF_WEEK, todaysPart } from '../support/draw.ts';
import { named } from '../support/simple-paths.ts';

/** Of each facet: states, steps, pairs of steps, and the paths that cover all steps and all pairs. */
const sizes: string[] = [];

describe.each(COVER_FACETS.map(({ name, world }) => [name, world] as const))('%s', (name, world) => {
  const graph = exploreChecked(world);
  const steps = cover(graph, 1);
  const pairs = cover(graph, 2);
  const replay = new Replay(world);

  sizes.push(
    `${name}: ${graph.nodes.size} states, ${graph.edgeCount} steps on ${steps.length} paths, ${pairsIn(graph)} pairs of steps on ${pairs.length} paths`,
  );

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

it('the facets have exactly as many states, steps and pairs of steps as ever', async () => {
  await expect(`${sizes.join('\n')}\n`).toMatchFileSnapshot('data/covers.txt');
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
