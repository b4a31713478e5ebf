/**
 * The state of the modelled worker protocol: what lies on the disk, and where every process stands.
 *
 * Owns: the parts of a state and their values, the canonical key of a state and the way back. Does not own: what may happen
 * (protocol-runner, protocol-host, protocol-tree, protocol-faults), what must hold (protocol-checks).
 */

import { Kind, type Part, type Value } from './protocol-kind.ts';

/** A slot for a worker host, and for the tree that it starts; `-` is none. */
export type Slot = 0 | 1 | 2 | 3;
const SLOTS = [0, 1, 2, 3] as const;

/** What is left of the world's freedom to do harm, and who holds the registry. */
export interface World {
  readonly lock: 'free' | 'A' | 'B';
  /** Crashes of a runner or a host, and reboots. */
  readonly faults: 0 | 1 | 2 | 3;
  readonly stops: 0 | 1 | 2;
  /** Times that a life cannot be judged. */
  readonly doubts: 0 | 1 | 2;
  /** Times that a killed process outlives the patience of who killed it. */
  readonly giveUps: 0 | 1 | 2;
  /** Operators who assert the death of a runner that lives. */
  readonly takeOvers: 0 | 1;
}
const FEW = [0, 1, 2] as const;
/** All worlds. */
export const WORLD = new Kind<World>({
  lock: ['free', 'A', 'B'],
  faults: [0, 1, 2, 3],
  stops: FEW,
  doubts: FEW,
  giveUps: FEW,
  takeOvers: [0, 1],
});

/** Who decided how a task ended: the host, a runner over an orphan, over one that never ran, by force, or an operator. */
export type Ending = 'host' | 'orphan' | 'neverRan' | 'forced' | 'asserted';
const ENDINGS = ['host', 'orphan', 'neverRan', 'forced', 'asserted'] as const;

/** One task as disk and journal hold it. `…Dirty`: linked, and its folder not synced since. */
export interface Task {
  readonly claim: '-' | Slot | 'revoked';
  readonly claimDirty: boolean;
  readonly agent: '-' | Slot;
  readonly agentDirty: boolean;
  readonly outcome: '-' | Ending;
  readonly outcomeDirty: boolean;
  readonly journal: '-' | 'requested' | 'doubtful' | 'ending' | 'revoked' | Ending;
  /** Host starts on record. */
  readonly starts: 0 | 1 | 2 | 3 | 4;
  /** Workers whose command was executed, ever: not on any disk, the witness of the model. */
  readonly started: 0 | 1 | 2;
}
const FLAG = [false, true] as const;
/** All tasks. */
export const TASK = new Kind<Task>({
  claim: ['-', ...SLOTS, 'revoked'],
  claimDirty: FLAG,
  agent: ['-', ...SLOTS],
  agentDirty: FLAG,
  outcome: ['-', ...ENDINGS],
  outcomeDirty: FLAG,
  journal: ['-', 'requested', 'doubtful', 'ending', 'revoked', ...ENDINGS],
  starts: [0, 1, 2, 3, 4],
  started: FEW,
});

const MODES = ['see', 'remains', 'end', 'again', 'opEnd', 'opAgain'] as const;
/**
 * Why a runner looks at a task: to see it through, to end what an outcome has left, to end it, to look again once its host is proven
 * dead; the last two also on an operator's word.
 */
export type Mode = (typeof MODES)[number];

/** What a sighting of a tree has found so far; `again`: a first look was clear, a second is under way. */
export type Sight = 'clear' | 'again' | 'found';
const SIGHTS = ['clear', 'again', 'found'] as const;

const RUNNER_PCS = [
  'off',
  'lock',
  'request',
  'earlierScanG',
  'earlierScanW',
  'earlierProbe',
  'earlierKill',
  'readClaim',
  'judge',
  'readAgent',
  'peek',
  'scanG',
  'scanW',
  'probe',
  'readOutcome',
  'recordStart',
  'fork',
  'wait',
  'waitDeath',
  'watch',
  'adopt',
  'revoke',
  'revokeSync',
  'kill',
  'awaitDeath',
  'sweepScanG',
  'sweepScanW',
  'sweepProbe',
  'sweepKill',
  'link',
  'linkSync',
  'settle',
  'settleOwn',
  'doubt',
  'parked',
  'quarantined',
] as const;

/** One runner: where it stands, and what it has read since it began to look. */
export interface Runner {
  readonly life: 'runs' | 'stopped';
  readonly pc: (typeof RUNNER_PCS)[number];
  readonly mode: Mode;
  readonly task: 0 | 1;
  readonly claim: '-' | 'host' | 'revoked';
  readonly host: '-' | 'alive' | 'dead' | 'unknown';
  readonly hasAgent: boolean;
  readonly tree: Sight | 'unknown';
  /** The task was requested by this very process: its first host start is on record already. */
  readonly isFresh: boolean;
  /** Another runner has taken the next generation of the lock. */
  readonly isStale: boolean;
  /** The host that it has started and waits for. */
  readonly slot: '-' | Slot;
}
/** All runners. */
export const RUNNER = new Kind<Runner>({
  life: ['runs', 'stopped'],
  pc: RUNNER_PCS,
  mode: MODES,
  task: [0, 1],
  claim: ['-', 'host', 'revoked'],
  host: ['-', 'alive', 'dead', 'unknown'],
  hasAgent: FLAG,
  tree: [...SIGHTS, 'unknown'],
  isFresh: FLAG,
  isStale: FLAG,
  slot: ['-', ...SLOTS],
});

/** A runner that is not running. */
export const RUNNER_OFF: Part<Runner> = RUNNER.of({
  life: 'runs',
  pc: 'off',
  mode: 'see',
  task: 0,
  claim: '-',
  host: '-',
  hasAgent: false,
  tree: 'clear',
  isFresh: false,
  isStale: false,
  slot: '-',
});

const HOST_PCS = [
  'none',
  'claim',
  'claimSync',
  'spawn',
  'record',
  'recordSync',
  'open',
  'watch',
  'sweepScanG',
  'sweepScanW',
  'sweepProbe',
  'sweepKill',
  'link',
  'linkSync',
  'exit',
  'dead',
] as const;

/** One worker host. */
export interface Host {
  readonly pc: (typeof HOST_PCS)[number];
  readonly isStopped: boolean;
  /** SIGKILL was sent and it is not dead yet: what it has begun it may still finish. */
  readonly isDying: boolean;
  readonly tree: Sight;
}
/** All hosts. */
export const HOST = new Kind<Host>({ pc: HOST_PCS, isStopped: FLAG, isDying: FLAG, tree: SIGHTS });
/** A slot whose host was not started yet. */
export const HOST_NONE: Part<Host> = HOST.of({ pc: 'none', isStopped: false, isDying: false, tree: 'clear' });
/** A host that has ended. */
export const HOST_DEAD: Part<Host> = HOST.change(HOST_NONE, { pc: 'dead' });

/** The tree that one host has started: the worker (first as the gate that it becomes), and one grandchild. */
export interface Tree {
  readonly worker: 'none' | 'gated' | 'opened' | 'runs' | 'dead';
  readonly grandchild: 'none' | 'runs' | 'dead';
}
/** All trees. */
export const TREE = new Kind<Tree>({
  worker: ['none', 'gated', 'opened', 'runs', 'dead'],
  grandchild: ['none', 'runs', 'dead'],
});
/** A slot whose tree was not started yet. */
export const TREE_NONE: Part<Tree> = TREE.of({ worker: 'none', grandchild: 'none' });

/** Everything at one instant. Host slot n starts tree slot n. */
export interface State {
  readonly world: Part<World>;
  readonly tasks: readonly Part<Task>[];
  readonly runners: readonly Part<Runner>[];
  readonly hosts: readonly Part<Host>[];
  readonly trees: readonly Part<Tree>[];
}

/** How many of each a state has. */
export interface Shape {
  readonly tasks: number;
  readonly runners: number;
  readonly slots: number;
}

/** The canonical key of a state: one letter for each part, the same for the same state as long as this process lives. */
export function keyOf(state: State): string {
  let key = state.world.key;
  for (const task of state.tasks) key += task.key;
  for (const runner of state.runners) key += runner.key;
  for (const host of state.hosts) key += host.key;
  for (const tree of state.trees) key += tree.key;
  return key;
}

/** The state that has this key. */
export function stateOf(key: string, shape: Shape): State {
  let at = 0;
  const take = <T extends { [Name in keyof T]: Value }>(kind: Kind<T>): Part<T> => {
    at += 1;
    return kind.at(key, at - 1);
  };
  const list = <T extends { [Name in keyof T]: Value }>(kind: Kind<T>, count: number): Part<T>[] => {
    const parts: Part<T>[] = [];
    for (let index = 0; index < count; index += 1) parts.push(take(kind));
    return parts;
  };
  return {
    world: take(WORLD),
    tasks: list(TASK, shape.tasks),
    runners: list(RUNNER, shape.runners),
    hosts: list(HOST, shape.slots),
    trees: list(TREE, shape.slots),
  };
}

/** `items` with the one at `index` replaced. */
export function replaced<T>(items: readonly T[], index: number, item: T): readonly T[] {
  return items.map((each, at) => (at === index ? item : each));
}
