/**
 * One atomic step of one process in the model, and what a process may look at and change.
 *
 * Owns: the step's shape, small changes of a state. Does not own: which steps there are.
 */
import { type Breach, type Rules, taskOf } from './protocol-rules.ts';
import {
  HOST,
  HOST_DEAD,
  type Host,
  RUNNER,
  type Runner,
  replaced,
  type State,
  TASK,
  type Task,
  TREE,
  type Tree,
  WORLD,
  type World,
} from './protocol-state.ts';

/** One step that can be taken: one file operation, one signal, one look at one process, or one fault. */
export interface Step {
  /** Who does what; unique among the steps of a state. */
  readonly name: string;
  readonly next: State;
  /**
   * What recovery must not lean on: `fault`, the world does harm; `luck`, somebody does what nobody can count on (a worker that ends by
   * itself, a suspended host that is continued).
   */
  readonly kind?: 'fault' | 'luck';
}

/** The part at `index`; the model never looks beyond its shape. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`the model has no part ${index} of ${items.length}`);
  return item;
}

/** The state with the world changed. */
export function withWorld(state: State, changes: Partial<World>): State {
  return { ...state, world: WORLD.change(state.world, changes) };
}

/** The state with one task changed. */
export function withTask(state: State, task: number, changes: Partial<Task>): State {
  return { ...state, tasks: replaced(state.tasks, task, TASK.change(at(state.tasks, task), changes)) };
}

/** The state with one runner changed. */
export function withRunner(state: State, runner: number, changes: Partial<Runner>): State {
  return { ...state, runners: replaced(state.runners, runner, RUNNER.change(at(state.runners, runner), changes)) };
}

/** The state with one host changed. */
export function withHost(state: State, slot: number, changes: Partial<Host>): State {
  return { ...state, hosts: replaced(state.hosts, slot, HOST.change(at(state.hosts, slot), changes)) };
}

/** The state with one host dead. */
export function withoutHost(state: State, slot: number): State {
  return { ...state, hosts: replaced(state.hosts, slot, HOST_DEAD) };
}

const CLAIM_BREACHES: readonly (Breach | null)[] = [
  'claimDropped',
  'lostClaimIgnored',
  'revocationIgnored',
  'existsIgnored',
];

/**
 * The state once the task's claim stands: a host that comes too late for it does nothing more but exit, so it is gone at once. That is
 * no difference to anybody: nobody waits for such a host who does not also see the claim. Not so where a law on the claim is broken.
 */
export function withoutLosers(state: State, rules: Rules, task: number): State {
  if (CLAIM_BREACHES.includes(rules.breach)) return state;
  return state.hosts.reduce((next, { pc }, slot) => {
    return pc === 'claim' && taskOf(rules, slot) === task ? withoutHost(next, slot) : next;
  }, state);
}

/** The state with one tree changed. */
export function withTree(state: State, slot: number, changes: Partial<Tree>): State {
  return { ...state, trees: replaced(state.trees, slot, TREE.change(at(state.trees, slot), changes)) };
}

/** A register that was just linked is lost by a power cut until its folder is synced; where no reboot can come, that is no difference. */
export function isRisky(state: State, rules: Rules): boolean {
  return rules.hasReboots && state.world.faults > 0;
}

/** One fsync of the task's folder settles everything in it. */
export function synced(state: State, task: number): State {
  return withTask(state, task, { claimDirty: false, agentDirty: false, outcomeDirty: false });
}

/** True while the worker of the tree, or the gate that becomes it, lives. */
export function isWorkerAlive({ worker }: Tree): boolean {
  return worker === 'gated' || worker === 'opened' || worker === 'runs';
}

/** True while anything of the tree lives. */
export function isTreeAlive(tree: Tree): boolean {
  return isWorkerAlive(tree) || tree.grandchild === 'runs';
}

/** True while the host's process exists. */
export function isHostAlive({ pc }: Host): boolean {
  return pc !== 'none' && pc !== 'dead';
}

/** Everything of the task's trees is killed, as far as it is in sight of who judges: by mark, or by the one recorded pid. */
export function killTrees(state: State, rules: Rules, task: number): State {
  let next = state;
  const { agent } = at(state.tasks, task);
  state.trees.forEach((tree, slot) => {
    if (taskOf(rules, slot) !== task || tree.worker === 'none') return;
    if (rules.breach === 'treeByOnePid') {
      if (agent === slot && isWorkerAlive(tree)) next = withTree(next, slot, { worker: 'dead' });
      return;
    }
    const worker = isWorkerAlive(tree) ? 'dead' : tree.worker;
    const grandchild = tree.grandchild === 'runs' ? 'dead' : tree.grandchild;
    next = withTree(next, slot, { worker, grandchild });
  });
  return next;
}
