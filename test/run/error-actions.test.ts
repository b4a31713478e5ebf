/** What can be run after an error: every action word for word, and completed with what the reader has named. */
import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/model/action.ts';
import {
  abandonRun,
  cancelRun,
  completed,
  helpOf,
  intakeAgain,
  listRuns,
  lookAtRun,
  recoverRegistry,
  showRun,
} from '../../src/run/error-actions.ts';

const NAMED = ['--registry', '/r r'];
const told = ({ kind, label, command }: Action) => [kind, label, command];

it.each<readonly [string, Action, readonly (string | null)[]]>([
  ['list', listRuns(NAMED), ['look', 'list the runs', "pawl status --registry '/r r'"]],
  ['look', lookAtRun('run_A', []), ['look', 'see where it stands', 'pawl status run_A']],
  ['show', showRun('run_A', NAMED), ['look', 'show the run, round by round', "pawl show run_A --registry '/r r'"]],
  [
    'again',
    intakeAgain('f.json', []),
    ['intakeAgain', 'create new runs for the packets whose runs have ended', 'pawl intake f.json --again'],
  ],
  ['cancel', cancelRun('run_A', []), ['cancel', 'end that run and its worker', 'pawl cancel run_A']],
  ['recover', recoverRegistry(), ['run', 'check every run and set aside what contradicts itself', 'pawl recover']],
  ['help', helpOf('run'), ['look', 'show its usage', 'pawl run --help']],
  ['help of all', helpOf(null), ['look', 'show its usage', 'pawl --help']],
])('%s', (_, action, expected) => {
  expect(told(action)).toEqual(expected);
});

it('a run that is set aside is inspected before it is abandoned', () => {
  expect(abandonRun('run_A', NAMED).map(told)).toEqual([
    ['inspect', 'see which files contradict each other; changes nothing', "pawl recover --dry-run --registry '/r r'"],
    ['abandon', 'abandon run_A and release what it holds', "pawl resolve run_A abandon --registry '/r r' --reason ''"],
  ]);
});

describe('an action of somebody who does not know what was named', () => {
  const commandOf = (action: Action): string | null => completed(action, NAMED).command;

  it('is completed with it', () => {
    expect(commandOf(lookAtRun('run_A', []))).toBe("pawl status run_A --registry '/r r'");
    expect(completed(lookAtRun('run_A', []), [])).toEqual(lookAtRun('run_A', []));
  });

  it('stays as it is where it names a registry or a config, asks for help, or is not a command of Pawl', () => {
    for (const action of [
      lookAtRun('run_A', ['--registry', '/other']),
      lookAtRun('run_A', ['--config', '/other']),
      helpOf('run'),
    ]) {
      expect(completed(action, NAMED)).toEqual(action);
    }
    const git: Action = { ...lookAtRun('run_A', []), argv: ['git', 'log'], command: 'git log' };
    const none: Action = { ...git, argv: null, command: null };
    expect([completed(git, NAMED), completed(none, NAMED)]).toEqual([git, none]);
  });
});
