/**
 * What can be run after an error, besides what fits a run's own state (core/next-actions).
 *
 * Owns: these actions. Does not own: when they apply (whoever throws), quoting (base/shell-words).
 */
import type { Action } from '../model/action.ts';
import { pawl, reasoned } from './next-actions.ts';

/** Lists every run. */
export function listRuns(options: readonly string[]): Action {
  return pawl('look', 'list the runs', ['status'], options);
}

/** Shows where a run stands and what fits its state. */
export function lookAtRun(runId: string, options: readonly string[]): Action {
  return pawl('look', 'see where it stands', ['status', runId], options);
}

/** Shows what a run has come to, round by round. */
export function showRun(runId: string, options: readonly string[]): Action {
  return pawl('look', 'see what it has come to', ['show', runId], options);
}

/** Ends a run that is in the way. */
export function cancelRun(runId: string, options: readonly string[]): Action {
  return pawl('cancel', 'end that run and its worker', ['cancel', runId], options);
}

/** Looks at a run that is set aside, and gives it up. */
export function giveUpRun(runId: string, options: readonly string[]): readonly Action[] {
  return [
    pawl('inspect', 'see what contradicts itself; changes nothing', ['recover', '--dry-run'], options),
    reasoned('abandon', 'give the run up and free what it holds', ['resolve', runId, 'abandon'], options),
  ];
}

/** Sets aside, with a report, what contradicts itself. */
export function recoverRegistry(options: readonly string[] = []): Action {
  return pawl('run', 'check every run and set aside what contradicts itself', ['recover'], options);
}

/** What an agent's program and login look like from here. */
export function lookAtAgents(): Action {
  return pawl('look', 'see which agents there are', ['doctor']);
}

/** The help of a command, or of all. */
export function helpOf(command: string | null): Action {
  return pawl('look', 'read how it is called', command === null ? ['--help'] : [command, '--help']);
}
