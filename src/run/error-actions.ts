/**
 * What can be run after an error, besides what fits a run's own state (run/next-actions).
 *
 * Owns: these actions, completing actions whose author did not know where the registry is. Does not own: when they apply (the code that throws), quoting (base/shell-words).
 */
import type { Action } from '../model/action.ts';
import { command, pawl, reasoned } from './next-actions.ts';

/**
 * The action with `options`, which name the registry and the config that the reader has named: the code that throws knows a file, but not where
 * it was looked for. An action that names them itself, or prints help, is unchanged.
 */
export function completed(action: Action, options: readonly string[]): Action {
  const { kind, label, argv } = action;
  if (argv === null || argv[0] !== 'pawl' || options.length === 0) return action;
  const isWhole = argv.some((word) => ['--registry', '--config', '--help'].includes(word));
  return isWhole ? action : command(kind, label, [...argv, ...options]);
}

/** Lists every run. */
export function listRuns(options: readonly string[]): Action {
  return pawl('look', 'list the runs', ['status'], options);
}

/** Shows the state of a run and the actions that fit it. */
export function lookAtRun(runId: string, options: readonly string[]): Action {
  return pawl('look', 'see where it stands', ['status', runId], options);
}

/** Shows the history of a run, round by round. */
export function showRun(runId: string, options: readonly string[]): Action {
  return pawl('look', 'show the run, round by round', ['show', runId], options);
}

/** Submits again those packets of the file whose runs have ended. */
export function intakeAgain(file: string, options: readonly string[]): Action {
  return pawl(
    'intakeAgain',
    'create new runs for the packets whose runs have ended',
    ['intake', file, '--again'],
    options,
  );
}

/** Ends a run that is in the way. */
export function cancelRun(runId: string, options: readonly string[]): Action {
  return pawl('cancel', 'end that run and its worker', ['cancel', runId], options);
}

/** Inspects a run that is set aside, and abandons it. */
export function abandonRun(runId: string, options: readonly string[]): readonly Action[] {
  return [
    pawl('inspect', 'see which files contradict each other; changes nothing', ['recover', '--dry-run'], options),
    reasoned('abandon', `abandon ${runId} and release what it holds`, ['resolve', runId, 'abandon'], options),
  ];
}

/** Sets aside runs that contradict themselves, and reports them. */
export function recoverRegistry(): Action {
  return pawl('run', 'check every run and set aside what contradicts itself', ['recover']);
}

/** The help of one command, or of all. */
export function helpOf(command: string | null): Action {
  return pawl('look', 'show its usage', command === null ? ['--help'] : [command, '--help']);
}
