/**
 * What a start finds, in words: one finding for every row of the recovery table.
 *
 * Owns: these words, which `recover`, `status` and the inspector share. Does not own: the table (run/recovery), looking (engine/recovery/open-tasks).
 *
 * Invariant: a read-only check never reports anything as done.
 */
import { unreachable } from '../base/unreachable.ts';
import type { RecoveryAction } from './recovery.ts';

/** Who reports the findings: a start, which settles what has ended, or a read-only check. */
export type Finder = 'start' | 'look';

/** One thing that a start found or would find, and what was or will be done about it. */
export interface RecoveryFinding {
  readonly class:
    | 'intentBeforeSpawn'
    | 'spawnedBeforeResult'
    | 'resultBeforeEvent'
    | 'eventBeforeSnapshot'
    | 'staleLease'
    | 'lateOrConflicting'
    | 'interruptedAppend'
    | 'ambiguous';
  readonly detail: string;
  readonly action: string;
}

/** The finding about an expired lease. */
export function staleLeaseFinding(): RecoveryFinding {
  return {
    class: 'staleLease',
    detail: "the run's lease has expired",
    action: 'renewed by the next run, unless another one needs it',
  };
}

/** The finding about an open task with that recovery action. */
export function taskFinding(taskId: string, action: RecoveryAction, finder: Finder = 'look'): RecoveryFinding {
  const settled = (done: string): string => settledBy(finder, done);
  switch (action) {
    case 'startHost':
      return {
        class: 'intentBeforeSpawn',
        detail: `${taskId}: no host has claimed it`,
        action: 'a host is started by the next run',
      };
    case 'watchHost':
      return { class: 'spawnedBeforeResult', detail: `${taskId}: its host lives`, action: 'watched by the next run' };
    case 'adoptWorker':
      return {
        class: 'spawnedBeforeResult',
        detail: `${taskId}: its host is dead, its worker lives`,
        action: 'adopted by the next run',
      };
    case 'linkNeverRan':
      return {
        class: 'spawnedBeforeResult',
        detail: `${taskId}: its host died before the worker ran`,
        action: settled('recorded as interrupted'),
      };
    case 'concludeOrphan':
      return {
        class: 'spawnedBeforeResult',
        detail: `${taskId}: host and worker are gone`,
        action: settled('concluded from its files'),
      };
    case 'endRemains':
      return {
        class: 'resultBeforeEvent',
        detail: `${taskId}: ended, but some of its processes remain`,
        action: settled('ended, then settled'),
      };
    case 'settleRevoked':
    case 'settleOutcome':
      return {
        class: 'resultBeforeEvent',
        detail: `${taskId}: its end was not recorded yet`,
        action: settled('settled'),
      };
    case 'askAboutHost':
    case 'askAboutRemains':
      return {
        class: 'ambiguous',
        detail: `${taskId}: cannot tell whether it is still running`,
        action: 'a person must decide',
      };
    default:
      return unreachable(action);
  }
}

/** What a start does at once, worded for the one who reports it. */
export function settledBy(finder: Finder, done: string): string {
  return finder === 'start' ? done : `${done} at the next start`;
}
