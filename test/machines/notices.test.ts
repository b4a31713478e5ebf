/** What a run is told of its workers' ends, from every state of a task. */
import { describe, expect, it } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { taskMachine } from '../../machines/task/task.machine.ts';
import { TASK_RESULTS } from '../../src/model/request.ts';
import { blockerOf } from '../../src/prove/model/sample-blockers.ts';

const INPUT = {
  taskId: 'fix-e1-a1',
  purpose: 'fix',
  epoch: 1,
  attempt: 1,
  requestHash: 'h',
  hostStartsMax: 2,
} as const;
const key = 'run_x/1.0:watchWorker';
const at = { key, atMs: 1 };
const STEPS = {
  requested: [],
  claimed: [{ type: 'hostClaimed', claimHash: 'c', ...at }],
  running: [{ type: 'workerSpawned', pid: 7, startedAtMs: 1, agentHash: 'a', ...at }],
  ending: [
    { type: 'workerSpawned', pid: 7, startedAtMs: 1, agentHash: 'a', ...at },
    { type: 'endRequested', reason: 'cancelled', atMs: 1 },
  ],
} as const;
const blocker = blockerOf('PAWL_WORKER_FAILED');
const endOf = (result: (typeof TASK_RESULTS)[number], outcomeHash = 'o') =>
  ({
    type: 'workerEnded',
    result,
    by: 'host',
    outcomeHash,
    completionHash: null,
    exitCode: null,
    signal: null,
    blocker: result === 'completed' ? null : blocker,
    ...at,
  }) as const;

function taskIn(state: keyof typeof STEPS) {
  let [snapshot] = initialTransition(taskMachine, INPUT);
  for (const event of STEPS[state]) [snapshot] = transition(taskMachine, snapshot, event);
  return snapshot;
}
const noticesOf = (actions: readonly { readonly type: string; readonly params?: unknown }[]) =>
  actions.filter(({ type }) => type === 'tell').map(({ params }) => params);

describe('exactly one notice to the parent on every end without an answer, none when there was one or there is no parent', () => {
  it.each(Object.keys(STEPS) as (keyof typeof STEPS)[])('from a task that is %s, with its blocker', (state) => {
    for (const result of TASK_RESULTS) {
      const [settled, actions] = transition(taskMachine, taskIn(state), endOf(result));
      expect(settled.value).toEqual({ progress: result, supervision: 'over', completions: 'late' });
      expect(noticesOf(actions)).toEqual([
        {
          actor: 'run',
          event: {
            type: 'taskSettled',
            taskId: INPUT.taskId,
            result,
            blocker: result === 'completed' ? null : blocker,
            outcomeHash: 'o',
          },
        },
      ]);
    }
  });

  it('and none for a second end, or for a completion that comes after it: then nobody waits for one', () => {
    for (const result of TASK_RESULTS) {
      const [settled] = transition(taskMachine, taskIn('running'), endOf(result));
      for (const other of TASK_RESULTS) expect(settled.can(endOf(other, 'another'))).toBe(false);
      const late = {
        type: 'completionReported',
        entryId: 'e',
        isValid: true,
        requestHash: 'h',
        outcomeHash: 'another',
        completionHash: null,
        atMs: 2,
      } as const;
      const [reported, actions] = transition(taskMachine, settled, late);
      expect(noticesOf(actions)).toEqual([]);
      expect(reported.context.settlement).toEqual(settled.context.settlement);
    }
  });
});
