/** How a person names a task, and which one is shown when none is named. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tasksInFiles } from '../../src/app/tasks-of-run.ts';
import { latestTask, resolveTask } from '../../src/cli/task-argument.ts';
import { LogBench, RUN, TASKS } from './logs/log-bench.ts';

const { implementation, verification, review } = TASKS;
let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
  bench.request(implementation, null);
  bench.request(verification, null);
  bench.request(review, null);
});
afterEach(() => bench.remove());

const resolved = (argument: string): string =>
  resolveTask(tasksInFiles(bench.place, RUN).tasks, RUN, argument, []).taskId;
const latest = (): string | undefined => latestTask(tasksInFiles(bench.place, RUN))?.taskId;

it.each([
  [implementation, implementation],
  ['implementation', implementation],
  ['rev', review],
])('%s means %s', (argument, wanted) => {
  expect(resolved(argument)).toBe(wanted);
});

it('takes a purpose for the latest task of it, however many there are', () => {
  mkdirSync(join(bench.place.paths.tasks(RUN), 'review-e0-a9'));
  bench.prints('review-e0-a9', 'earlier');
  expect(resolved('review')).toBe(review);
  expect(() => resolved('review-')).toThrow(
    expect.objectContaining({ code: 'PAWL_USAGE', message: expect.stringContaining('review-e0-a9, review-e1-a1') }),
  );
});

it.each(['', 'fix', '../verification', 'x\u202e'])('refuses %j, and says which tasks there are', (argument) => {
  expect(() => resolved(argument)).toThrow(
    expect.objectContaining({
      code: 'PAWL_TASK_UNKNOWN',
      message: expect.not.stringContaining('\u202e'),
      hint: expect.stringContaining(`${implementation}, ${verification}, ${review}`),
    }),
  );
});

it('shows the open task, else the last with output, else the last', () => {
  bench.ends(implementation);
  expect(latest()).toBe(review);
  bench.ends(review);
  expect(latest()).toBe(verification);
  bench.ends(verification);
  expect(latest()).toBe(review);
  bench.prints(implementation, 'something');
  expect(latest()).toBe(implementation);
});
