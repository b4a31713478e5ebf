/**
 * Every path of a small world that meets no state twice, by name.
 *
 * Owns: the facets that are small enough for it, their simple and shortest paths as @xstate/graph finds them, a path's steps and its name. Does not own:
 * the walk (src/prove/model/graph), covers (src/prove/model/cover).
 */
import { getShortestPaths, getSimplePaths } from '@xstate/graph';
import type { Path } from '../../src/prove/model/cover.ts';
import { type Graph, nodeOf, walkOf } from '../../src/prove/model/graph.ts';
import { placeOf } from '../../src/prove/model/key.ts';
import type { World } from '../../src/prove/model/world.ts';
import { type Facet, facet, SMALLEST } from '../../src/prove/model/worlds.ts';

/** At the smallest bounds: facets of which literally every simple path is walked. */
export const PATH_FACETS: readonly Facet[] = [
  facet(
    SMALLEST,
    'left to itself',
    ['completed', 'failed'],
    [
      'workspaceRefused',
      'taskRefused',
      'workEmpty',
      'workRefused',
      'gateJudged FAIL',
      'gateJudged BLOCKED',
      'handoffRefused',
      'cancelRequested',
    ],
  ),
  facet(
    SMALLEST,
    'gates that fail, and an operator',
    ['completed'],
    ['gateJudged FAIL', 'decisionMade retry', 'decisionMade accept'],
  ),
  facet(
    SMALLEST,
    'hosts in doubt, and an operator',
    ['completed'],
    ['hostDoubted', 'cancelRequested', 'decisionMade retry', 'decisionMade abandon'],
  ),
  facet(
    SMALLEST,
    'leases that are refused and lost',
    ['completed'],
    ['leaseRefused', 'leaseReclaimed', 'taskRefused', 'cancelRequested', 'decisionMade retry', 'decisionMade abandon'],
  ),
  facet(SMALLEST, 'agents that have reached a limit', ['completed', 'limited'], ['cancelRequested']),
  facet(
    SMALLEST,
    'work beyond its surface, and an operator',
    ['completed'],
    [
      'workCommitted beyond',
      'surfaceExceeded held',
      'surfaceExceeded strict',
      'decisionMade retry',
      'decisionMade accept',
      'decisionMade abandon',
    ],
  ),
  facet(
    SMALLEST,
    'work that is out of place, and an operator',
    ['completed'],
    ['workRefused', 'workRefused changed', 'gateJudged FAIL', 'decisionMade retry', 'decisionMade abandon'],
  ),
];

/** Every path of `world` that meets no state twice, as @xstate/graph finds them, named by their events. */
export function simplePaths(world: World): readonly (readonly string[])[] {
  const { logic, traversal } = walkOf(world, {});
  return getSimplePaths(logic, traversal).map(eventsOf);
}

/** A shortest path of `world` to every state, as @xstate/graph finds them, named by their events. */
export function shortestPaths(world: World): readonly (readonly string[])[] {
  const { logic, traversal } = walkOf(world, {});
  return getShortestPaths(logic, traversal).map(eventsOf);
}

/** Without the event that @xstate/graph puts before the first state. */
function eventsOf({ steps }: { readonly steps: readonly { readonly event: { readonly type: string } }[] }): string[] {
  return steps.map(({ event }) => event.type).filter((type) => type !== 'xstate.init');
}

/** The path from the start along events of those names. Throws when one of them is not taken where it comes. */
export function pathOf(graph: Graph, types: readonly string[]): Path {
  let key = graph.start;
  return types.map((type) => {
    const edge = nodeOf(graph, key).edges.find(({ event }) => event.type === type);
    if (edge === undefined) throw new Error(`${type} is not taken after ${types.join(' → ')}`);
    key = edge.to;
    return edge;
  });
}

/** The paths without those that are the beginning of another one. */
export function withoutBeginnings(paths: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const sorted = paths.flatMap((path) => (path.length === 0 ? [] : [`${path.join('→')}→`])).sort();
  const whole = sorted.filter((text, index) => sorted[index + 1]?.startsWith(text) !== true);
  return whole.map((text) => text.slice(0, -1).split('→'));
}

/** Where a path ends, and its last steps: enough to tell it from the others. */
export function named(path: Path): string {
  const end = path.at(-1);
  const steps = path.map(({ event }) => event.type);
  const shown = steps.length > 4 ? ['…', ...steps.slice(-4)] : steps;
  return `${shown.join(' → ')} (${steps.length} steps, to ${end === undefined ? 'the start' : placeOf(end.state.root.value)})`;
}
