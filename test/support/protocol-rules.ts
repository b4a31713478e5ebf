/**
 * The bounds of one exploration, and the ways to break the protocol on purpose.
 *
 * Owns: both lists, the first state. Does not own: what the rules mean to a process (protocol-runner, protocol-host, protocol-tree,
 * protocol-faults).
 */
import {
  HOST_NONE,
  RUNNER_OFF,
  type Shape,
  type Slot,
  type State,
  TASK,
  TREE_NONE,
  WORLD,
  type World,
} from './protocol-state.ts';

/** A law of design section 5 that is not kept. */
export type Breach =
  /** No claim register is written or heeded. */
  | 'claimDropped'
  /** The claim is linked, and who has lost it continues all the same. */
  | 'lostClaimIgnored'
  /** Nobody heeds that a register is there already: neither claim nor agent.json. */
  | 'existsIgnored'
  /** The gate is opened first, agent.json is linked second. */
  | 'spawnBeforeRecord'
  /** The runner sends SIGKILL to the host and links the outcome without the proof of its death. */
  | 'outcomeBeforeHostDead'
  /** A tree is judged by the pid of its worker: no mark, no lock. */
  | 'treeByOnePid'
  /** agent.json is read before the host's life is judged, and not again. */
  | 'agentBeforeHost'
  /** The runner never ends a tree, neither before an outcome nor before the next task. */
  | 'treeNotEnded'
  /** A life that cannot be judged is taken for dead. */
  | 'unknownIsDead'
  /** The outcome replaces one that stands. */
  | 'outcomeReplaced'
  /** The runner journals what it has linked, not what stands. */
  | 'ownOutcomeJournaled'
  /** The runner journals a register without syncing its folder. */
  | 'registerNotSynced'
  /** The host opens the gate without syncing agent.json. */
  | 'agentNotSynced'
  /** An agent.json found after no claim was is a contradiction at once, without a second look at the claim. */
  | 'claimNotReadAgain'
  /** An operator's word counts also for a host that is seen alive. */
  | 'operatorOverrulesSight'
  /** A host's claim on a task that was abandoned is not refused. */
  | 'revocationIgnored';

/** What one exploration covers. */
export interface Rules {
  readonly runners: 1 | 2;
  /** Host starts allowed for the first task and for the one after it; no second one: the model ends with the first. */
  readonly hosts: readonly [number] | readonly [number, number];
  readonly faults: World['faults'];
  /** Whether a fault may be a reboot (a power cut: what was not synced may be lost). */
  readonly hasReboots: boolean;
  readonly stops: World['stops'];
  readonly doubts: World['doubts'];
  readonly giveUps: World['giveUps'];
  readonly takeOvers: World['takeOvers'];
  readonly hasGrandchild: boolean;
  /** Whether the tree holds a lock that a sighting probes. */
  readonly hasTreeLock: boolean;
  /** Looks at the process table, each not atomic, that make a clear sighting. */
  readonly looks: 1 | 2;
  /** `honest`: asserts only what is so. `hasty`: asserts whenever asked. */
  readonly operator: 'honest' | 'hasty';
  readonly breach: Breach | null;
}

/** One runner, two hosts and one more for the next task, nothing goes wrong. */
export const CALM: Rules = {
  runners: 1,
  hosts: [2, 1],
  faults: 0,
  hasReboots: true,
  stops: 0,
  doubts: 0,
  giveUps: 0,
  takeOvers: 0,
  hasGrandchild: true,
  hasTreeLock: true,
  looks: 1,
  operator: 'honest',
  breach: null,
};

/** The number of parts that states under these rules have. */
export function shapeOf({ hosts, runners }: Rules): Shape {
  return { tasks: hosts.length, runners, slots: hosts.reduce((sum, count) => sum + count, 0) };
}

/** The state before anybody has done anything. */
export function firstState(rules: Rules): State {
  const { faults, stops, doubts, giveUps, takeOvers } = rules;
  const { tasks, runners, slots } = shapeOf(rules);
  const task = TASK.of({
    claim: '-',
    claimDirty: false,
    agent: '-',
    agentDirty: false,
    outcome: '-',
    outcomeDirty: false,
    journal: '-',
    starts: 0,
    started: 0,
  });
  return {
    world: WORLD.of({ lock: 'free', faults, stops, doubts, giveUps, takeOvers }),
    tasks: new Array(tasks).fill(task),
    runners: new Array(runners).fill(RUNNER_OFF),
    hosts: new Array(slots).fill(HOST_NONE),
    trees: new Array(slots).fill(TREE_NONE),
  };
}

/** The slots that belong to a task. */
export function slotsOf({ hosts }: Rules, task: number): readonly Slot[] {
  const all = [0, 1, 2, 3] as const;
  const first = task === 0 ? 0 : hosts[0];
  return all.slice(first, first + (hosts[task] ?? 0));
}

/** The task that a slot belongs to. */
export function taskOf({ hosts }: Rules, slot: number): 0 | 1 {
  return slot < hosts[0] ? 0 : 1;
}
