/** Which tasks a run has, and in which order. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { taskInFiles, tasksInFiles } from '../../src/app/tasks-of-run.ts';
import { LogBench, RUN, TASKS } from '../cli/logs/log-bench.ts';

const { implementation, verification, review } = TASKS;
let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
  bench.request(implementation, 'claude');
  bench.request(verification, null);
  bench.request(review, null);
});
afterEach(() => bench.remove());

const ids = (): readonly string[] => tasksInFiles(bench.place, RUN).tasks.map(({ taskId }) => taskId);

it('are listed in the order in which the journal requested them', () => {
  expect(ids()).toEqual([implementation, verification, review]);
});

it('are no links, and a folder that the journal does not name is one only if it holds output', () => {
  symlinkSync('/etc', bench.place.paths.task(RUN, 'linked-e0-a1'));
  mkdirSync(bench.place.paths.task(RUN, 'empty-e0-a1'));
  mkdirSync(bench.place.paths.task(RUN, 'fix-e9-a1'));
  bench.prints('fix-e9-a1', 'something');
  expect(ids()).toEqual(['fix-e9-a1', implementation, verification, review]);
});

it('are told with what their output is read with, and without what their workers were told', () => {
  bench.prints(implementation, 'four');
  const task = taskInFiles(bench.place, { runId: RUN, taskId: implementation });
  expect(task).toMatchObject({ isOpen: true, outcome: null, bytes: { stdout: 4, stderr: 0 } });
  expect(Object.keys(task.request?.turn ?? {})).toEqual(['kind', 'session', 'usedBefore']);
  bench.ends(implementation);
  expect(taskInFiles(bench.place, task)).toMatchObject({ isOpen: false, outcome: { result: 'completed' } });
});

it('are all that there will be once the run has ended', () => {
  expect(tasksInFiles(bench.place, RUN)).toMatchObject({ hasEnded: false, isOver: false });
  bench.runEnds();
  expect(tasksInFiles(bench.place, RUN)).toMatchObject({ hasEnded: true, isOver: true });
});
