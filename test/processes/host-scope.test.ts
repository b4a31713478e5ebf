/** Whether worker hosts are started in a scope of their own is decided by the control group of the process that starts them. */
import { expect, test } from 'vitest';
import { chooseScope, type ScopeCommand } from '../../src/adapters/processes/host-scope.ts';

const V2 = '0::/user.slice/user-1000.slice/user@1000.service/app.slice/pawl.service\n';
const V1 = '9:name=systemd:/user.slice/user-1000.slice/user@1000.service/pawl.service\n8:pids:/\n0::/\n';

const OUTSIDE = {
  'no control groups': '',
  'the root group': '0::/\n',
  'a login session': '0::/user.slice/user-1000.slice/session-3.scope\n',
  'a terminal in a scope below the manager': '0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-1.scope\n',
  'a service by another hierarchy than the own one of systemd': '8:pids:/user.slice/a.service\n0::/\n',
};

test.each(Object.entries(OUTSIDE))('outside of a service nothing is tried: %s', (_name, ownCgroup) => {
  const tried: ScopeCommand[] = [];
  expect(chooseScope(ownCgroup, (command) => tried.push(command) > 0)).toBeNull();
  expect(tried).toEqual([]);
});

test.each([
  ['version 2', V2],
  ['version 1', V1],
])('inside a service the newest form that works is taken, or none: control groups of %s', (_name, ownCgroup) => {
  const tried: ScopeCommand[] = [];
  const works = (isIt: (command: ScopeCommand) => boolean) => (command: ScopeCommand) => {
    tried.push(command);
    return isIt(command);
  };
  const newest = chooseScope(
    ownCgroup,
    works(() => true),
  );
  expect(newest).toContain('--expand-environment=no');
  const older = chooseScope(
    ownCgroup,
    works((command) => !command.includes('--expand-environment=no')),
  );
  expect(older).toEqual(['systemd-run', '--user', '--scope', '--quiet', '--collect']);
  expect(
    chooseScope(
      ownCgroup,
      works(() => false),
    ),
  ).toBeNull();
  expect(tried).toEqual([newest, newest, older, newest, older]);
});
