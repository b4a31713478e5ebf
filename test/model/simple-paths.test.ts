/** Every path that meets no state twice, of five facets of the world at the smallest bounds: decided, folded and checked at every step, a sample of them in each run. */
import { describe, expect, it } from 'vitest';
import type { Path } from '../../src/prove/model/cover.ts';
import { type Graph, nodeOf } from '../../src/prove/model/graph.ts';
import { placeOf } from '../../src/prove/model/key.ts';
import { Replay } from '../../src/prove/model/replay.ts';
import { exploreChecked } from '../../src/prove/model/worlds.ts';
import { DAY, DAYS_OF_WEEK, todaysPart } from '../support/draw.ts';
import { named, PATH_FACETS, pathOf, shortestPaths, simplePaths, withoutBeginnings } from '../support/simple-paths.ts';

/** A group is many paths: on a busy machine it may take its time. */
const LONG_MS = 300_000;

/** Of each facet: states, steps, simple paths, and those that no other simple path begins with. */
const sizes: string[] = [];

describe.each(PATH_FACETS.map(({ name, world }) => [name, world] as const))('%s', (name, world) => {
  const graph = exploreChecked(world);
  const paths = simplePaths(world);
  const whole = withoutBeginnings(paths).map((types) => pathOf(graph, types));
  const replay = new Replay(world);

  sizes.push(
    `${name}: ${graph.nodes.size} states, ${graph.edgeCount} steps, ${paths.length} simple paths, ${whole.length} of them whole`,
  );

  it('meets no state twice on a simple path, and every state at the end of one', () => {
    const ends = paths.map((types) => statesOn(graph, pathOf(graph, types)));
    for (const states of ends) expect(new Set(states).size).toBe(states.length);
    expect(new Set(ends.map((states) => states.at(-1)))).toEqual(new Set(graph.nodes.keys()));
  });

  it.each(byEnd(graph, whole))(
    '%s are decided, folded and sound at every step',
    (_name, group) => {
      const chosen = todaysPart(group, DAYS_OF_WEEK);
      expect(chosen.length).toBeGreaterThan(0);
      const wrong = chosen.flatMap((path) => replay.problems(path));
      expect(wrong.slice(0, 5), `day ${DAY}`).toEqual([]);
    },
    LONG_MS,
  );

  it('reaches every state as soon as the shortest path of @xstate/graph does', () => {
    const shortest = shortestPaths(world);
    const depth = depthsOf(graph);
    expect(shortest.length).toBe(graph.nodes.size);
    for (const types of shortest) {
      const path = pathOf(graph, types);
      expect(path.length, named(path)).toBe(depth.get(path.at(-1)?.to ?? graph.start));
    }
  });
});

it('the facets have exactly as many states, steps and simple paths as ever', async () => {
  await expect(`${sizes.join('\n')}\n`).toMatchFileSnapshot('data/simple-paths.txt');
});

function statesOn(graph: Graph, path: Path): readonly string[] {
  return [graph.start, ...path.map(({ to }) => to)];
}

function byEnd(graph: Graph, paths: readonly Path[]): readonly (readonly [name: string, paths: readonly Path[]])[] {
  const groups = new Map<string, Path[]>();
  for (const path of paths) {
    const { state } = nodeOf(graph, path.at(-1)?.to ?? graph.start);
    const place = placeOf(state.root.value);
    const end = state.root.status === 'active' ? `come back to where they were in ${place}` : `end in ${place}`;
    groups.set(end, [...(groups.get(end) ?? []), path]);
  }
  return [...groups].map(([end, members]) => [`${members.length} simple paths that ${end}`, members] as const);
}

function depthsOf(graph: Graph): ReadonlyMap<string, number> {
  const depths = new Map([[graph.start, 0]]);
  for (const [key, depth] of depths) {
    for (const { to } of nodeOf(graph, key).edges) if (!depths.has(to)) depths.set(to, depth + 1);
  }
  return depths;
}
