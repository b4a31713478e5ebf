/** What a start finds, in words. */
import { expect, test } from 'vitest';
import { staleLeaseFinding, taskFinding } from '../../src/core/recovery-findings.ts';

test.each([
  ['startHost', 'intentBeforeSpawn', 'nobody has claimed it', 'a host is started by the next run'],
  ['watchHost', 'spawnedBeforeResult', 'its host lives', 'reattached'],
  ['adoptWorker', 'spawnedBeforeResult', 'its host is dead, its worker lives', 'adopted by the next run'],
  ['linkNeverRan', 'spawnedBeforeResult', 'its host died before the worker ran', 'interrupted'],
  ['concludeOrphan', 'spawnedBeforeResult', 'host and worker are gone', 'concluded from its files'],
  ['endRemains', 'resultBeforeEvent', 'ended, something of it is left', 'ended, then settled'],
  ['settleRevoked', 'resultBeforeEvent', 'its end was not recorded yet', 'settled'],
  ['settleOutcome', 'resultBeforeEvent', 'its end was not recorded yet', 'settled'],
  ['askAboutHost', 'ambiguous', 'whether it still runs cannot be told', 'a person decides'],
  ['askAboutRemains', 'ambiguous', 'whether it still runs cannot be told', 'a person decides'],
] as const)('of a task for which the table says %s is told as %s', (action, found, detail, done) => {
  expect(taskFinding('t1', action)).toEqual({ class: found, detail: `t1: ${detail}`, action: done });
});

test('a lease past its time is told as one', () => {
  expect(staleLeaseFinding()).toEqual({
    class: 'staleLease',
    detail: 'the lease of the run is past its time',
    action: 'renewed, unless another run needs it',
  });
});
