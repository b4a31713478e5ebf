/**
 * A path of a model walked again from its first record, as a journal: decided, recorded, folded.
 *
 * Owns: replaying by the names of the events, and what must hold on the way. Does not own: where paths come from.
 *
 * Invariant: nothing of the walk is reused but the names of events and the keys of states: the events are made anew for the states met.
 */

import { canonicalJson } from '../../base/canonical-json.ts';
import { sha256 } from '../../base/sha256.ts';
import { stateHash, stateImage } from '../../kernel/image.ts';
import type { JournalRecord } from '../../model/record.ts';
import { FIRST_PREV, RECORD_VERSION } from '../../model/system-record.ts';
import { decideRun, foldRun, RUN_RULES, type RunState, runSystem } from '../../run/system.ts';
import type { Path } from './cover.ts';
import { brokenBy } from './invariants.ts';
import { stateKey } from './key.ts';
import { brokenAcross } from './step-invariants.ts';
import { MODEL_RUN, opening, stepsOf, type World, type WorldEvent } from './world.ts';

interface Point {
  readonly type: string;
  readonly state: RunState;
  readonly record: JournalRecord;
}

/** Replays paths of one world; those that begin alike share their beginning. */
export class Replay {
  readonly #world: World;
  readonly #first: Point;
  #points: readonly Point[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#first = pointOf(null, { type: 'packetReceived', input: opening(world.policy) }).point;
  }

  /**
   * Walks `path` and folds its journal. Returns what is wrong, in sentences, the first place first; empty when every step leads where it
   * should, every invariant holds at every step, and the folded journal is the state at the end, byte for byte.
   */
  problems(path: Path): readonly string[] {
    const points = this.#shared(path);
    for (const { event: expected, to } of path.slice(points.length)) {
      const { type } = expected;
      const { state } = points.at(-1) ?? this.#first;
      const event = stepsOf(state, this.#world).find((step) => step.type === type);
      if (event === undefined) return [`${type} is not possible after ${told(points)}`];
      const taken = pointOf(state, event);
      const wrong = [...taken.broken, ...(stateKey(taken.point.state) === to ? [] : ['it leads elsewhere'])];
      if (wrong.length > 0) return wrong.map((sentence) => `${told(points)} → ${type}: ${sentence}`);
      points.push(taken.point);
    }
    this.#points = points;
    return this.#foldProblems(points);
  }

  #shared(path: Path): Point[] {
    let count = 0;
    while (count < path.length && this.#points[count]?.type === path[count]?.event.type) count += 1;
    return this.#points.slice(0, count);
  }

  #foldProblems(points: readonly Point[]): readonly string[] {
    const records = [this.#first.record, ...points.map(({ record }) => record)];
    const folding = foldRun(MODEL_RUN, records, { hash: sha256 });
    if (folding.kind !== 'whole')
      return [`${told(points)}: its fold parts at ${folding.seq}: ${canonicalJson({ ...folding, before: null })}`];
    const { state } = points.at(-1) ?? this.#first;
    if (folding.state === null || stateImage(runSystem, folding.state) !== stateImage(runSystem, state))
      return [`${told(points)}: its fold is not its end`];
    return [];
  }
}

function told(points: readonly Point[]): string {
  return ['packetReceived', ...points.map(({ type }) => type)].join(' → ');
}

function pointOf(before: RunState | null, { type, input }: WorldEvent): { point: Point; broken: readonly string[] } {
  const decision = decideRun(MODEL_RUN, before, input);
  if (decision.kind === 'refused') throw new Error(`${decision.code}: ${decision.reason}`);
  const { state, effects, deliveries } = decision;
  const { seq } = state;
  const record = {
    v: RECORD_VERSION,
    rules: RUN_RULES,
    seq,
    gen: 1,
    ...input,
    effects,
    post: stateHash(runSystem, state, sha256),
    prev: FIRST_PREV,
    sum: FIRST_PREV,
  } as const;
  const broken = [...brokenBy(state), ...(before === null ? [] : brokenAcross(before, state, deliveries))];
  return { point: { type, state, record }, broken };
}
