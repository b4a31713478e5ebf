/** What is said of a command that was refused names the one that is meant, where there is one. */
import { expect, test } from 'vitest';
import { commandRefused } from '../../src/engine/commands.ts';
import type { RunView } from '../../src/run/run-view.ts';

const LOOK = 'pawl status run_A --registry r';
const CANCEL = 'pawl cancel run_A --registry r';

function refused(command: string, kind: RunView['kind'], code = 'PAWL_COMMAND_REFUSED') {
  return commandRefused('run_A', command, code, { state: 'fixLoop', kind }, ['--registry', 'r']);
}

const commandsAfter = (...asked: Parameters<typeof refused>) => refused(...asked).actions.map(({ command }) => command);

test('a run under way that cannot be abandoned is told to be cancelled', () => {
  const error = refused('abandon', 'active');
  expect(error.message).toBe('Cannot abandon run_A while it is fixLoop; nothing was changed.');
  expect(error.hint).toBe('Only a parked run can be abandoned; cancel a run that is under way.');
  expect(commandsAfter('abandon', 'active')).toEqual([CANCEL, LOOK]);
});

test('any other refused command is followed only by an action that shows something', () => {
  expect(commandsAfter('retry', 'active')).toEqual([LOOK]);
  expect(commandsAfter('abandon', 'terminal')).toEqual([LOOK]);
  expect(commandsAfter('abandon', 'active', 'PAWL_STORE_FULL')).toEqual([LOOK]);
});
