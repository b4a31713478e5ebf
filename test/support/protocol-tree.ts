/**
 * The worker and its grandchild in the model, and what a look at the process table shows of them.
 *
 * Owns: the steps of gate, worker and grandchild; sighting a tree piece by piece, as no look is atomic. Does not own: who looks, and why.
 *
 * A killed member of a tree is dead at once: what it might still do before its death it might as well have done before the signal,
 * and whoever kills looks again.
 */
import { type Rules, taskOf } from './protocol-rules.ts';
import type { Sight, State } from './protocol-state.ts';
import { at, isHostAlive, isTreeAlive, isWorkerAlive, type Step, withTask, withTree } from './protocol-step.ts';

/** Where a sighting stands: grandchild (the lower pid), worker, lock, in this order. */
export type Look = 'ScanG' | 'ScanW' | 'Probe';

/** The steps of everything that the host of `slot` has started. */
export function treeSteps(state: State, rules: Rules, slot: number): Step[] {
  const tree = at(state.trees, slot);
  const task = taskOf(rules, slot);
  const { started } = at(state.tasks, task);
  const steps: Step[] = [];
  if (tree.worker === 'gated' && !isHostAlive(at(state.hosts, slot))) {
    steps.push({ name: `gate ${slot}: ends, its pipe is closed`, next: withTree(state, slot, { worker: 'dead' }) });
  }
  if (tree.worker === 'opened') {
    const runs = withTree(state, slot, { worker: 'runs' });
    const next = withTask(runs, task, { started: started === 0 ? 1 : 2 });
    steps.push({ name: `gate ${slot}: becomes the worker`, next });
  }
  if (tree.worker === 'runs') {
    if (rules.hasGrandchild && tree.grandchild === 'none') {
      const next = withTree(state, slot, { grandchild: 'runs' });
      steps.push({ name: `worker ${slot}: starts a grandchild`, next });
    }
    steps.push({ name: `worker ${slot}: exits`, next: withTree(state, slot, { worker: 'dead' }), kind: 'luck' });
  }
  if (tree.grandchild === 'runs') {
    steps.push({
      name: `grandchild ${slot}: exits`,
      next: withTree(state, slot, { grandchild: 'dead' }),
      kind: 'luck',
    });
  }
  return steps;
}

/** What a sighting of the task's tree is after one more look. */
export interface Sighted {
  /** The next look, null when the sighting is over. */
  readonly look: Look | null;
  readonly sight: Sight;
  /** Held by something that no look has shown. */
  readonly isLockedUnseen: boolean;
}

/** One look of a sighting. */
export function sightOnce(state: State, rules: Rules, task: number, look: Look, sight: Sight): Sighted {
  const trees = state.trees.filter((_, slot) => taskOf(rules, slot) === task);
  if (rules.breach === 'treeByOnePid') {
    const { agent } = at(state.tasks, task);
    const isAlive = typeof agent === 'number' && isWorkerAlive(at(state.trees, agent));
    return { look: null, sight: isAlive ? 'found' : 'clear', isLockedUnseen: false };
  }
  switch (look) {
    case 'ScanG': {
      const isSeen = trees.some((tree) => tree.grandchild === 'runs');
      return { look: 'ScanW', sight: isSeen ? 'found' : sight, isLockedUnseen: false };
    }
    case 'ScanW': {
      if (sight === 'found' || trees.some(isWorkerAlive)) return { look: null, sight: 'found', isLockedUnseen: false };
      if (sight === 'clear' && rules.looks === 2) return { look: 'ScanG', sight: 'again', isLockedUnseen: false };
      return { look: rules.hasTreeLock ? 'Probe' : null, sight: 'clear', isLockedUnseen: false };
    }
    case 'Probe':
      return { look: null, sight: 'clear', isLockedUnseen: trees.some(isTreeAlive) };
  }
}
