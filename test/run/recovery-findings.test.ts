/** What a start finds, in words. */
import { expect, test } from 'vitest';
import { staleLeaseFinding, taskFinding } from '../../src/run/recovery-findings.ts';

const NEXT_RUN = 'by the next run';
const START = ' at the next start';

test.each([
  ['startHost', 'intentBeforeSpawn', 'no host has claimed it', `a host is started ${NEXT_RUN}`, ''],
  ['watchHost', 'spawnedBeforeResult', 'its host lives', `watched ${NEXT_RUN}`, ''],
  ['adoptWorker', 'spawnedBeforeResult', 'its host is dead, its worker lives', `adopted ${NEXT_RUN}`, ''],
  ['linkNeverRan', 'spawnedBeforeResult', 'its host died before the worker ran', 'recorded as interrupted', START],
  ['concludeOrphan', 'spawnedBeforeResult', 'host and worker are gone', 'concluded from its files', START],
  ['endRemains', 'resultBeforeEvent', 'ended, but some of its processes remain', 'ended, then settled', START],
  ['settleRevoked', 'resultBeforeEvent', 'its end was not recorded yet', 'settled', START],
  ['settleOutcome', 'resultBeforeEvent', 'its end was not recorded yet', 'settled', START],
  ['askAboutHost', 'ambiguous', 'cannot tell whether it is still running', 'a person must decide', ''],
  ['askAboutRemains', 'ambiguous', 'cannot tell whether it is still running', 'a person must decide', ''],
] as const)(
  'of a task for which the table says %s is told as %s: done by a start, to be done for a look',
  (action, found, detail, done, ahead) => {
    expect(taskFinding('t1', action, 'start')).toEqual({ class: found, detail: `t1: ${detail}`, action: done });
    expect(taskFinding('t1', action)).toEqual({ class: found, detail: `t1: ${detail}`, action: `${done}${ahead}` });
  },
);

test('an expired lease is reported as expired', () => {
  expect(staleLeaseFinding()).toEqual({
    class: 'staleLease',
    detail: "the run's lease has expired",
    action: 'renewed by the next run, unless another one needs it',
  });
});
