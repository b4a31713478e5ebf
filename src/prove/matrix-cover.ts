/**
 * The steps that the charts of run and task can take together, and the stories on which each of them is walked.
 *
 * Owns: what counts as one step, the shortest stories over all of them. Does not own: the graph (model), playing a story (sim).
 *
 * Model: the graph is that of the whole world in which everything that is counted can be counted once. What a driver does at a
 * step depends on where run and open task stand, not on the counters: so a step is (place of the run, purpose and place of its open task,
 * event, the same after it). A story is a shortest way to such a step, walked on to the nearest place where a run rests.
 */

import { hasEnded } from '../run/run-end.ts';
import type { RunState } from '../run/system.ts';
import { type Edge, explore, type Graph, type Node } from './model/graph.ts';
import { openTasks, placeOf, taskPlaceOf } from './model/key.ts';
import { SMALL, wholeWorld } from './model/worlds.ts';
import type { Scarce } from './sim/story.ts';

/** One step of a story: the name of its event and what it is. */
export interface Step {
  readonly type: string;
  readonly name: string;
  /** Where run and task stand before and after it. */
  readonly from: string;
  readonly to: string;
}

/** A way from a run's first record to a place where it rests. */
export type Path = readonly Step[];

/** Paths on which every step of the charts lies. */
export interface Cover {
  readonly paths: readonly Path[];
  /** How many steps there are. */
  readonly count: number;
}

/** Steps beyond the shortest way that a story takes to walk what no other one has walked yet. */
const DETOURS_MAX = 4;

let cover: Cover | null = null;

/** Paths over every step that the charts can take together; walked once for a process. */
export function coverSteps(): Cover {
  cover ??= walkCover();
  return cover;
}

function walkCover(): Cover {
  const graph = explore(wholeWorld(SMALL));
  const steps = new Set<string>();
  const ways = new Map<string, readonly Walkable[]>();
  for (const node of graph.nodes.values()) {
    const from = standing(node.state);
    const open = node.edges.map((edge) => ({ edge, step: stepOf(from, edge) }));
    for (const { step } of open) steps.add(step.name);
    ways.set(node.key, open);
  }
  const paths = pathsOver(graph, ways);
  for (const path of paths) for (const { name } of path) steps.delete(name);
  if (steps.size > 0) throw new Error(`bug: on no story: ${[...steps].join('; ')}`);
  return { paths, count: new Set(paths.flatMap((path) => path.map(({ name }) => name))).size };
}

interface Walkable {
  readonly edge: Edge;
  readonly step: Step;
}

type Ways = ReadonlyMap<string, readonly Walkable[]>;

/** Where run and open task stand, as people write it. */
function standing(state: RunState): string {
  const tasks = openTasks(state).map(([, { context, value }]) => `${context.purpose} ${taskPlaceOf(value)}`);
  return [placeOf(state.root.value), ...tasks].join(' + ');
}

function stepOf(from: string, { event, state }: Edge): Step {
  const to = standing(state);
  return { type: event.type, name: `${from} ── ${event.type} ─▶ ${to}`, from, to };
}

/** What the path uses up. */
export function scarceOn(path: Path): readonly Scarce[] {
  const isLastHost = ({ type, to }: Step): boolean => type === 'hostStartRepeated' && to.endsWith(' requested.ending');
  const isLastInterruption = ({ type, from, to }: Step): boolean =>
    type === 'workerEnded interrupted' && to === 'blockedNeedsHuman' && !from.startsWith(to);
  return [
    ...(path.some(isLastHost) ? (['hosts'] as const) : []),
    ...(path.some(isLastInterruption) ? (['interruptions'] as const) : []),
  ];
}

/** From the farthest step to the nearest: what lies on the way of a longer story needs none of its own. */
function pathsOver(graph: Graph, ways: Ways): readonly Path[] {
  const cameBy = new Map<string, { readonly from: string; readonly by: Walkable } | null>([[graph.start, null]]);
  const first = new Map<string, { readonly from: string; readonly by: Walkable }>();
  for (const key of cameBy.keys()) {
    for (const by of ways.get(key) ?? []) {
      if (!first.has(by.step.name)) first.set(by.step.name, { from: key, by });
      if (!cameBy.has(by.edge.to)) cameBy.set(by.edge.to, { from: key, by });
    }
  }
  const toRest = waysToRest(graph, ways);
  const open = new Set(first.keys());
  const paths: Path[] = [];
  for (const [name, { from, by }] of [...first].reverse()) {
    if (!open.has(name)) continue;
    const path: Step[] = [by.step];
    for (let at = cameBy.get(from) ?? null; at !== null; at = cameBy.get(at.from) ?? null) path.unshift(at.by.step);
    for (const step of path) open.delete(step.name);
    walkOn(path, by.edge.to, { ways, toRest, open });
    paths.push(path);
  }
  return paths;
}

/** Continues to where the run rests, over steps that are still open while there are any. */
function walkOn(
  path: Step[],
  from: string,
  { ways, toRest, open }: { ways: Ways; toRest: ReadonlyMap<string, Walkable | null>; open: Set<string> },
): void {
  let key = from;
  for (let detours = 0; ; ) {
    const fresh = (ways.get(key) ?? []).find(
      ({ step, edge }) => open.has(step.name) && toRest.has(edge.to) && isOfOnePacket(path, step),
    );
    const next = (detours < DETOURS_MAX ? fresh : undefined) ?? toRest.get(key);
    if (next === undefined || next === null) return;
    if (next === fresh) detours += 1;
    open.delete(next.step.name);
    path.push(next.step);
    key = next.edge.to;
  }
}

/** A packet either takes an empty change for good or it does not. */
function isOfOnePacket(path: Path, { type }: Step): boolean {
  return (
    !type.startsWith('workEmpty') || path.every((step) => !step.type.startsWith('workEmpty') || step.type === type)
  );
}

/** From every state the first step of a shortest way to a place of rest; null at one. */
function waysToRest(graph: Graph, ways: Ways): ReadonlyMap<string, Walkable | null> {
  const before = new Map<string, { readonly key: string; readonly by: Walkable }[]>();
  const next = new Map<string, Walkable | null>();
  for (const node of graph.nodes.values()) {
    if (isAtRest(node)) next.set(node.key, null);
    for (const by of ways.get(node.key) ?? []) {
      // No way leads over an empty change: a packet takes it or not, and what is before may have decided that.
      if (by.step.type.startsWith('workEmpty')) continue;
      const list = before.get(by.edge.to) ?? [];
      list.push({ key: node.key, by });
      before.set(by.edge.to, list);
    }
  }
  for (const key of next.keys()) {
    for (const { key: earlier, by } of before.get(key) ?? []) if (!next.has(earlier)) next.set(earlier, by);
  }
  return next;
}

/** Ended, or parked for a person with nothing owed: there a driver stops by itself. */
function isAtRest({ state }: Node): boolean {
  const { root: run, owed } = state;
  return hasEnded(run) || (run.value === 'blockedNeedsHuman' && owed.length === 0);
}
