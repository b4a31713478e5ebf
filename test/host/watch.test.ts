import { expect, it } from 'vitest';
import { watchWorker } from '../../src/host/watch.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import type { WorkerExit } from '../../src/ports/gate.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { FakeClock } from './fake-processes.ts';
import { plainRequest } from './plain-request.ts';

const limits = { deadlineMs: 60_000, stallMs: 60_000, graceMs: 1_000, outputBytesMax: 1_000 };
const never = new Promise<never>(() => undefined);

/** A disk with a task's folder, and what its worker writes to stdout. */
function folder(): { readonly fs: MemoryFs; write(bytes: number): void } {
  const fs = new MemoryFs();
  fs.makeFolder('/task');
  const write = (bytes: number): void => {
    const fd = fs.open(`/task/${TASK_FILES.output}`, 'a+');
    fs.write(fd, new Uint8Array(bytes), null);
    fs.close(fd);
  };
  return { fs, write };
}

it('a worker that wrote too much and exited between two measurements has written too much', async () => {
  const { fs, write } = folder();
  let leave: (exit: WorkerExit) => void = () => undefined;
  const exited = new Promise<WorkerExit>((resolve) => {
    leave = resolve;
  });
  const clock = new FakeClock();
  clock.timer = () => () => undefined;
  const watched = watchWorker(
    { exited, stopped: never, turn: null, activity: () => false },
    { ...plainRequest, limits },
    '/task',
    fs,
    clock,
  );
  write(limits.outputBytesMax + 1);
  leave({ code: 0, signal: null });
  expect(await watched).toEqual({ exit: { code: 0, signal: null }, forced: 'outputLimit' });
});

it('a worker that writes is measured again at once, a silent one less and less often, and neither beyond its limit', async () => {
  const { fs, write } = folder();
  const clock = new FakeClock();
  const looks: number[] = [];
  const stat = fs.stat.bind(fs);
  fs.stat = (path) => {
    if (path.endsWith(TASK_FILES.output)) looks.push(clock.monotonicMs());
    // Silent for ten looks, then 100 bytes between any two.
    if (path.endsWith(TASK_FILES.output) && looks.length > 10) write(100);
    return stat(path);
  };
  const end = await watchWorker(
    { exited: never, stopped: never, turn: null, activity: () => false },
    { ...plainRequest, limits },
    '/task',
    fs,
    clock,
  );
  expect(end).toEqual({ exit: null, forced: 'outputLimit' });
  const gaps = looks.slice(1).map((at, n) => at - (looks[n] ?? 0));
  expect(gaps.slice(0, 4)).toEqual([40, 80, 160, BOUNDS.watchLookMs]);
  expect(gaps.slice(9, 10)).toEqual([BOUNDS.watchLookMs]);
  expect(new Set(gaps.slice(10))).toEqual(new Set([BOUNDS.outputLookMs]));
  expect(looks.length).toBe(10 + limits.outputBytesMax / 100 + 1);
});
