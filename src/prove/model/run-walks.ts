/**
 * The walks of runs alone: every state of run and tasks together, and each machine alone, told anything at any time.
 *
 * Owns: which worlds a level walks, what a whole graph must not have. Does not own: the walk, the worlds and their invariants (graph, worlds, invariants).
 *
 * Invariant: nothing is sampled: a world is walked whole, or told as a fault.
 */
import type { Level } from '../proof.ts';
import type { OwnWalk, Walked } from '../system/own-walk.ts';
import { cover } from './cover.ts';
import { countsOf, type Graph } from './graph.ts';
import { brokenByRun } from './invariants.ts';
import { runAlone, taskAlone } from './machines.ts';
import { statesWithoutEnd } from './reach.ts';
import { Replay } from './replay.ts';
import type { World } from './world.ts';
import { COVER_FACETS, exploreChecked, SMALL, SMALLEST, wholeWorld } from './worlds.ts';

const SMOKE: readonly OwnWalk[] = [
  { name: 'run and tasks, smallest bounds', walk: () => walkWhole(wholeWorld(SMALLEST)) },
  { name: 'run machine alone', walk: walkRunAlone },
  { name: 'task machine alone', walk: walkTaskAlone },
];

const FULL: readonly OwnWalk[] = [
  { name: 'run and tasks, everything counted once', walk: () => walkWhole(wholeWorld(SMALL)) },
  ...COVER_FACETS.map(({ name, world }) => ({ name: `${name}, default bounds`, walk: () => walkPairs(world) })),
];

/**
 * `smoke`: everything that can happen at the smallest bounds, and both machines alone. `full`: also everything where all that is counted can be counted once,
 * and at the default bounds every pair of steps of each facet, folded again as a journal.
 */
export const RUN_WALKS: Readonly<Record<Level, readonly OwnWalk[]>> = { smoke: SMOKE, full: [...SMOKE, ...FULL] };

function walkWhole(world: World): Walked {
  const graph = exploreChecked(world);
  return { ...sizeOf(graph), faults: endless(graph) };
}

function walkPairs(world: World): Walked {
  const graph = exploreChecked(world);
  const replay = new Replay(world);
  return { ...sizeOf(graph), faults: cover(graph, 2).flatMap((path) => replay.problems(path)) };
}

function walkRunAlone(): Walked {
  const { nodes, edgeCount } = runAlone(SMALL);
  const faults = nodes.flatMap(({ key, snapshot }) =>
    brokenByRun(snapshot).map((sentence) => `${sentence}, in ${key}`),
  );
  return { states: nodes.length, steps: edgeCount, faults };
}

function walkTaskAlone(): Walked {
  const { nodes, edgeCount } = taskAlone(SMALL.hostStartsMax);
  return { states: nodes.length, steps: edgeCount, faults: [] };
}

function sizeOf(graph: Graph): { readonly states: number; readonly steps: number } {
  const { states, steps } = countsOf(graph);
  return { states, steps };
}

function endless(graph: Graph): readonly string[] {
  return statesWithoutEnd(graph).map((key) => `no end can be reached from ${key}`);
}
