/**
 * The moments at which a daemon is killed.
 *
 * Owns: naming each by the operation at which it is reached, choosing them by level and seed. Does not own: reaching one (daemon/lives).
 *
 * Invariant: the same level and seed choose the same moments in the same order.
 */
import type { Level } from '../proof.ts';
import type { Place } from '../real/plan.ts';

/** How a moment is reached: an operation of the daemon, the head of an answer at the client that commands, a time after a worker is at work, or after the start. */
export type DaemonReach =
  | {
      readonly by: 'operation';
      readonly when: 'before' | 'after' | 'partial';
      readonly at: Place;
      /** The daemon begins a new file of its change feed after a few changes. */
      readonly hasSmallFiles: boolean;
    }
  | { readonly by: 'answer' }
  | { readonly by: 'work' | 'time'; readonly afterMs: number };

/** One moment. */
export interface DaemonMoment {
  readonly name: string;
  readonly reach: DaemonReach;
}

type When = 'before' | 'after' | 'partial';
type Sketch = readonly [what: string, operation: string, about: string, bytes: readonly string[], ...when: When[]];

const FEED = 'state/changes/';
const HEAD = ['"kind":"head"'];
const CHANGE = ['"run_updated"'];
const JOURNAL = 'events.jsonl';
const COMMAND = ['cmd_key_'];

/** Reached once only, while a state folder is new: a group is killed at one of them first. */
const BEGINNINGS: readonly Sketch[] = [
  ['the link of the first lock', 'linkSync', 'state/lock.', [], 'after'],
  ['the first line of the change feed', 'writeSync', FEED, HEAD, 'before', 'partial', 'after'],
  ['the sync of the first line of the change feed', 'fsync', FEED, HEAD, 'after'],
  ['the link of a project', 'linkSync', 'state/projects/', [], 'before', 'after'],
];

const USUAL: readonly Sketch[] = [
  ['the link of the lock', 'linkSync', 'state/lock.', [], 'before', 'after'],
  ['the write of daemon.json', 'renameSync', 'state/daemon.json', [], 'before', 'after'],
  ['the write of a change', 'writeSync', FEED, CHANGE, 'before', 'partial', 'after'],
  ['the sync of a change', 'fdatasync', FEED, CHANGE, 'after'],
  ['the link of a command', 'linkSync', 'inbox/cmd_key_', [], 'before', 'after'],
  ['the link of the packets of a command', 'linkSync', 'batches/', [], 'before', 'after'],
  ['the record of a decision', 'writeSync', JOURNAL, COMMAND, 'before', 'partial', 'after'],
  ['the sync of a decision', 'fdatasync', JOURNAL, COMMAND, 'after'],
  ['the mark of a decision', 'linkSync', '.decided', [], 'before', 'after'],
];

const ROTATION: readonly Sketch[] = [
  ['the first line of a new file of the change feed', 'writeSync', FEED, HEAD, 'before', 'partial', 'after'],
  ['the sync of a new file of the change feed', 'fsync', FEED, HEAD, 'after'],
  ['the rename of a new file of the change feed', 'renameSync', FEED, [], 'before', 'after'],
];

const WORDS: Readonly<Record<When, string>> = { before: 'before', after: 'after', partial: 'in the middle of' };

function momentsOf(sketches: readonly Sketch[], hasSmallFiles: boolean): readonly DaemonMoment[] {
  return sketches.flatMap(([what, operation, about, bytes, ...whens]) =>
    whens.map((when) => ({
      name: `${WORDS[when]} ${what}`,
      reach: { by: 'operation' as const, when, at: { operation, about, bytes }, hasSmallFiles },
    })),
  );
}

const ANSWER: DaemonMoment = { name: 'before an answer is read', reach: { by: 'answer' } };
/** A start takes about a second: drawn times fall into it, and behind it. */
const AFTER_MS_MAX = 2_500;
const WORK_MS_MAX = 500;

const FIRST = momentsOf(BEGINNINGS, false);
const LATER = [...momentsOf(USUAL, false), ...momentsOf(ROTATION, true), ANSWER];

/** Groups of kills: one state folder each. */
const GROUPS: Readonly<Record<Level, { readonly count: number; readonly kills: number }>> = {
  smoke: { count: 3, kills: 5 },
  full: { count: 16, kills: 20 },
};
/** Each so many moments one is drawn in time. */
const DRAWN_EVERY = 4;

/** The moments of every group, in the order in which the daemons of one state folder are killed. */
export function plannedMoments(level: Level, seed: number): readonly (readonly DaemonMoment[])[] {
  const { count, kills } = GROUPS[level];
  const random = drawnFrom(seed);
  const waiting: DaemonMoment[] = [];
  const next = (): DaemonMoment => {
    if (waiting.length === 0) waiting.push(...shuffled(LATER, random));
    return waiting.pop() ?? ANSWER;
  };
  const firsts = shuffled(FIRST, random);
  return Array.from({ length: count }, (_, group) => {
    const first = firsts[group % firsts.length] ?? ANSWER;
    const others = Array.from({ length: kills - 1 }, (_each, n) =>
      n % DRAWN_EVERY === 0 ? drawnMoment(random, n === 0 ? 'work' : 'time') : next(),
    );
    return [first, ...others];
  });
}

function drawnMoment(random: () => number, by: 'work' | 'time'): DaemonMoment {
  if (by === 'work')
    return { name: 'while a worker works', reach: { by, afterMs: Math.floor(random() * WORK_MS_MAX) } };
  return { name: 'at a drawn time', reach: { by, afterMs: Math.floor(random() * AFTER_MS_MAX) } };
}

function shuffled<T>(values: readonly T[], random: () => number): readonly T[] {
  return values
    .map((value) => ({ value, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function drawnFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
