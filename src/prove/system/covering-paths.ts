/**
 * Paths on which every step of a graph lies that an engine can be led to take.
 *
 * Owns: the cover, its bounds, and which steps an engine cannot be led to take. Does not own: the graph (state-graph), playing a path (played-process).
 *
 * Invariants: 1. Every path begins before the first record, and is replayed from there: its moments are those of one history. 2. A step belongs to the first
 * path on which it lies. 3. Deadlines come in the order of their instants: an engine that is led to a later one has met the earlier.
 */
import type { AnyState } from '../../kernel/system.ts';
import { DEADLINE } from '../../model/deadline.ts';
import { drawn } from './drawn.ts';
import { deadlineIn, endKey, type Moment, type Move, START, type Subject, take } from './moves.ts';
import { unlike } from './sameness.ts';
import type { StateGraph, StateNode, Step } from './state-graph.ts';

/** A history to play. */
export interface PlayedPath {
  /** The names of its moves, in order. */
  readonly names: readonly string[];
  /** The places of the moves that lie on no path before this one. */
  readonly own: ReadonlySet<number>;
  /** The key of the state at its end. */
  readonly end: string;
}

/** Paths over a graph. */
export interface Cover {
  readonly paths: readonly PlayedPath[];
  /** Steps that lie on none of them. */
  readonly unplayed: number;
  /** States of one key that do not continue alike: a member is ignored that tells them apart. */
  readonly faults: readonly { readonly sentence: string; readonly way: readonly string[] }[];
}

/** How much is covered where everything would be too much. */
export interface CoverBounds {
  /** Steps to which paths lead, drawn by the seed. */
  readonly stepsMax: number;
  /** Moves of a path; only a shortest way to its step may be longer. */
  readonly movesMax: number;
  readonly seed: number;
}

/** Paths over every step of the graph, or to as many as the bounds allow, the farthest steps first. */
export function coverOf(subject: Subject, graph: StateGraph, { stepsMax, movesMax, seed }: CoverBounds): Cover {
  const open = new Set([...graph.nodes.values()].flatMap(({ steps }) => steps));
  const ways = waysTo(graph);
  const paths: PlayedPath[] = [];
  const faults: Cover['faults'][number][] = [];
  for (const step of [...drawn([...open], stepsMax, seed)].reverse()) {
    if (!open.has(step)) continue;
    const steps = [...(ways.get(step) ?? []), step];
    extend(steps, movesMax, { graph, open });
    const replayed = replay(subject, steps);
    if (replayed.fault !== null) faults.push(replayed.fault);
    const taken = steps.slice(0, replayed.length);
    const own = new Set(taken.flatMap((each, n) => (open.delete(each) ? [n] : [])));
    // What cannot be taken here is abandoned: it was tried on a shortest way.
    if (taken.length < steps.length) open.delete(step);
    if (own.size > 0) paths.push({ names: taken.map(({ move }) => move.type), own, end: replayed.end });
  }
  const played = paths.reduce((sum, { own }) => sum + own.size, 0);
  return { paths, unplayed: graph.steps - played, faults };
}

/** A shortest way to every step. */
function waysTo(graph: StateGraph): ReadonlyMap<Step, readonly Step[]> {
  const ways = new Map<Step, readonly Step[]>();
  const [first] = graph.nodes.keys();
  const reached = new Map<string, readonly Step[]>(first === undefined ? [] : [[first, []]]);
  for (const [key, way] of reached) {
    for (const step of graph.nodes.get(key)?.steps ?? []) {
      ways.set(step, way);
      if (!reached.has(step.to)) reached.set(step.to, [...way, step]);
    }
  }
  return ways;
}

/** Continues from the end of the path while there is a step that no path has. */
function extend(
  path: Step[],
  movesMax: number,
  { graph, open }: { readonly graph: StateGraph; readonly open: ReadonlySet<Step> },
): void {
  const met = new Set(path);
  while (path.length < movesMax) {
    const node: StateNode | undefined = graph.nodes.get(path.at(-1)?.to ?? '');
    const step = node?.steps.find((each) => open.has(each) && !met.has(each));
    if (step === undefined) return;
    met.add(step);
    path.push(step);
  }
}

/** How many steps of the path one history takes, and where it then stands. */
function replay(
  subject: Subject,
  steps: readonly Step[],
): { readonly length: number; readonly end: string; readonly fault: Cover['faults'][number] | null } {
  let moment = START;
  const stopAt = (length: number, fault: Cover['faults'][number] | null = null) => ({
    length,
    end: endKey(subject, moment),
    fault,
  });
  for (const [n, { move: meant, to }] of steps.entries()) {
    const move = subject.moves(moment).find(({ type }) => type === meant.type);
    if (move !== undefined && !isNext(moment, move)) return stopAt(n);
    const after = move === undefined ? null : afterOf(subject, moment, move);
    const key = after === null ? null : subject.key(after);
    if (after === null || key !== to) {
      const way = [...steps.slice(0, n).map(({ move: { type } }) => type), meant.type];
      return stopAt(n, { sentence: unlike(meant.type), way });
    }
    moment = after;
  }
  return stopAt(steps.length);
}

function afterOf(subject: Subject, moment: Moment, move: Move): Moment | null {
  const decision = take(subject, moment, move);
  return decision.kind === 'refused' ? null : { state: decision.state, nowMs: move.input.atMs };
}

/** Whether an engine can be led to the move: a deadline that is due comes by itself, an earlier one before a later one. */
export function isNext({ state, nowMs }: Moment, move: Move): boolean {
  const first = earliestIn(state);
  if (first === null) return true;
  return move.kind === 'deadline' ? move.settles?.key === first.key : first.dueMs > nowMs;
}

/** The deadline that comes first; of several at one instant the one that was asked for first. */
function earliestIn(state: AnyState | null): { readonly key: string; readonly dueMs: number } | null {
  const deadlines = (state?.owed ?? [])
    .filter(({ kind }) => kind === DEADLINE)
    .map((effect) => ({ key: effect.key, dueMs: deadlineIn(effect).atMs }));
  return deadlines.sort((a, b) => a.dueMs - b.dueMs)[0] ?? null;
}
