/** How a person names a task, and which one is shown when none is named. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { latestTask, resolveTask, tasksOf } from '../../src/app/tasks-of-run.ts';
import { LogBench, RUN, TASKS } from '../cli/logs/log-bench.ts';

const { implementation, verification, review } = TASKS;
let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
  bench.request(implementation, null);
  bench.request(verification, null);
  bench.request(review, null);
});
afterEach(() => bench.remove());

it('lists tasks in the order in which the journal requested them', () => {
  expect(tasksOf(bench.place, RUN)).toEqual([implementation, verification, review]);
});

it('lists no link, and a folder that the journal does not name only if it holds output', () => {
  symlinkSync('/etc', bench.place.paths.task(RUN, 'linked-e0-a1'));
  mkdirSync(bench.place.paths.task(RUN, 'empty-e0-a1'));
  mkdirSync(bench.place.paths.task(RUN, 'fix-e9-a1'));
  bench.prints('fix-e9-a1', 'something');
  expect(tasksOf(bench.place, RUN)).toEqual(['fix-e9-a1', implementation, verification, review]);
});

it.each([
  [implementation, implementation],
  ['implementation', implementation],
  ['rev', review],
])('%s means %s', (argument, wanted) => {
  expect(resolveTask(bench.place, RUN, argument)).toBe(wanted);
});

it('takes a purpose for the latest task of it, however many there are', () => {
  mkdirSync(join(bench.place.paths.tasks(RUN), 'review-e0-a9'));
  bench.prints('review-e0-a9', 'earlier');
  expect(resolveTask(bench.place, RUN, 'review')).toBe(review);
  expect(() => resolveTask(bench.place, RUN, 'review-')).toThrow(
    expect.objectContaining({ code: 'PAWL_USAGE', message: expect.stringContaining('review-e0-a9, review-e1-a1') }),
  );
});

it.each(['', 'fix', '../verification', 'x\u202e'])('refuses %j, and says which tasks there are', (argument) => {
  expect(() => resolveTask(bench.place, RUN, argument)).toThrow(
    expect.objectContaining({
      code: 'PAWL_TASK_UNKNOWN',
      message: expect.not.stringContaining('\u202e'),
      hint: expect.stringContaining(`${implementation}, ${verification}, ${review}`),
    }),
  );
});

it('shows the open task, else the last with output, else the last', () => {
  bench.ends(implementation);
  expect(latestTask(bench.place, RUN)).toBe(review);
  bench.ends(review);
  expect(latestTask(bench.place, RUN)).toBe(verification);
  bench.ends(verification);
  expect(latestTask(bench.place, RUN)).toBe(review);
  bench.prints(implementation, 'something');
  expect(latestTask(bench.place, RUN)).toBe(implementation);
});
