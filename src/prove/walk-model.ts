/**
 * The machines walked from end to end: every state of run and tasks together, and each machine alone, told anything at any time.
 *
 * Owns: which worlds a level walks, what a whole graph must not have. Does not own: the walk, the worlds and their invariants (model).
 *
 * Invariant: nothing is sampled: a world is walked whole, or told as a fault.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { spanMs } from '../base/elapsed.ts';
import { cover } from './model/cover.ts';
import { Counterexample, countsOf, type Graph } from './model/graph.ts';
import { brokenByRun } from './model/invariants.ts';
import { runAlone, taskAlone } from './model/machines.ts';
import { statesWithoutEnd } from './model/reach.ts';
import { Replay } from './model/replay.ts';
import type { World } from './model/world.ts';
import { COVER_FACETS, exploreChecked, SMALL, SMALLEST, wholeWorld } from './model/worlds.ts';
import type { Level, ModelResult } from './proof.ts';

/** One world as it was walked, and what is wrong in it. */
interface Walked {
  readonly states: number;
  readonly steps: number;
  readonly faults: readonly string[];
}

interface Walk {
  readonly name: string;
  readonly walk: () => Walked;
}

const FAULTS_TOLD = 20;

/**
 * Walks the worlds of that level. `smoke`: everything that can happen at the smallest bounds, and both machines alone. `full`: also everything
 * where all that is counted can be counted once, and at the default bounds every pair of steps of each facet, folded again as a journal.
 */
export async function walkModel(level: Level, onProgress: (done: number, of: number) => void): Promise<ModelResult> {
  const sinceMs = performance.now();
  const walks = level === 'smoke' ? SMOKE : [...SMOKE, ...FULL];
  const worlds: { name: string; states: number; steps: number }[] = [];
  const faults: string[] = [];
  for (const [index, { name, walk }] of walks.entries()) {
    onProgress(index, walks.length);
    await turn();
    const walked = attempt(walk);
    worlds.push({ name, states: walked.states, steps: walked.steps });
    faults.push(...walked.faults.slice(0, FAULTS_TOLD).map((fault) => `${name}: ${fault}`));
  }
  onProgress(walks.length, walks.length);
  return { worlds, faults, tookMs: Math.round(spanMs(sinceMs, performance.now())) };
}

/** A counterexample ends its walk and is the fault. */
function attempt(walk: () => Walked): Walked {
  try {
    return walk();
  } catch (error) {
    if (!(error instanceof Counterexample)) throw error;
    return { states: 0, steps: 0, faults: [error.message] };
  }
}

const SMOKE: readonly Walk[] = [
  { name: 'run and tasks, smallest bounds', walk: () => walkWhole(wholeWorld(SMALLEST)) },
  { name: 'run machine alone', walk: walkRunAlone },
  { name: 'task machine alone', walk: walkTaskAlone },
];

const FULL: readonly Walk[] = [
  { name: 'run and tasks, everything counted once', walk: () => walkWhole(wholeWorld(SMALL)) },
  ...COVER_FACETS.map(({ name, world }) => ({ name: `${name}, default bounds`, walk: () => walkPairs(world) })),
];

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
