import { describe, expect, it } from 'vitest';
import { endTree, sightLeftovers } from '../../src/worker/ending.ts';
import { FakeClock, type FakeProcess, FakeProcesses, HANDLE } from '../host/fake-processes.ts';

const limits = { graceMs: 1_000, killMs: 2_000 };
const soft = (pid: number): FakeProcess => ({ pid, diesOf: ['SIGTERM', 'SIGKILL'] });
const hard = (pid: number): FakeProcess => ({ pid, diesOf: ['SIGKILL'] });
const immortal = (pid: number): FakeProcess => ({ pid, diesOf: [] });

describe('endTree', () => {
  it('signals nobody when nothing is left', async () => {
    const processes = new FakeProcesses([]);
    expect(await endTree(processes, new FakeClock(), HANDLE, limits)).toEqual({
      isGone: true,
      survivors: [],
      unknown: [],
      isLocked: false,
    });
    expect(processes.signals).toEqual([]);
  });

  it('asks every member once, lets a stopped one continue, and kills nobody who leaves in time', async () => {
    const processes = new FakeProcesses([soft(10), soft(11)]);
    const clock = new FakeClock();
    const startMs = clock.monotonicMs();
    expect((await endTree(processes, clock, HANDLE, limits)).isGone).toBe(true);
    expect(processes.signals.filter((line) => !line.startsWith('SIGCONT'))).toEqual(['SIGTERM 10', 'SIGTERM 11']);
    expect(clock.monotonicMs() - startMs).toBeLessThan(limits.graceMs);
  });

  it('sends SIGCONT after SIGTERM to one that is stopped', async () => {
    const processes = new FakeProcesses([{ pid: 10, diesOf: ['SIGCONT'] }]);
    expect((await endTree(processes, new FakeClock(), HANDLE, limits)).isGone).toBe(true);
    expect(processes.signals).toEqual(['SIGTERM 10', 'SIGCONT 10']);
  });

  it('kills after the grace, not before', async () => {
    const processes = new FakeProcesses([hard(10)]);
    const clock = new FakeClock();
    const startMs = clock.monotonicMs();
    let killedAfterMs = 0;
    processes.onSignal = (_pid, signal) => {
      if (signal === 'SIGKILL') killedAfterMs = clock.monotonicMs() - startMs;
    };
    expect((await endTree(processes, clock, HANDLE, limits)).isGone).toBe(true);
    expect(killedAfterMs).toBeGreaterThanOrEqual(limits.graceMs);
  });

  it('sweeps up what a dying member starts', async () => {
    const processes = new FakeProcesses([hard(10)]);
    processes.onSignal = (pid, signal) => {
      if (signal === 'SIGKILL' && pid < 15) processes.add(hard(pid + 1));
    };
    expect((await endTree(processes, new FakeClock(), HANDLE, limits)).isGone).toBe(true);
    expect(processes.signals).toContain('SIGKILL 15');
  });

  it('remembers a member that no sighting shows any more, and ends it', async () => {
    const hidden = hard(10);
    const processes = new FakeProcesses([hidden]);
    processes.onSignal = () => {
      hidden.isSeen = false;
    };
    expect((await endTree(processes, new FakeClock(), HANDLE, limits)).isGone).toBe(true);
    expect(processes.signals).toContain('SIGKILL 10');
  });

  it('abandons within its bounds and names the survivors', async () => {
    const processes = new FakeProcesses([immortal(10), soft(11)]);
    const clock = new FakeClock();
    const startMs = clock.monotonicMs();
    const end = await endTree(processes, clock, HANDLE, limits);
    expect(end).toMatchObject({ isGone: false, survivors: [{ pid: 10 }] });
    expect(clock.monotonicMs() - startMs).toBeLessThan(limits.graceMs + limits.killMs + 200);
  });

  it('never reports a tree as gone while something is unknown, or the lock is held or unknown', async () => {
    const unknown = new FakeProcesses([]);
    unknown.unknown = [12];
    expect(await endTree(unknown, new FakeClock(), HANDLE, limits)).toMatchObject({ isGone: false, unknown: [12] });
    const locked = new FakeProcesses([]);
    locked.isLocked = true;
    expect(await endTree(locked, new FakeClock(), HANDLE, limits)).toMatchObject({ isGone: false, isLocked: true });
    const untold = new FakeProcesses([]);
    untold.isLocked = null;
    expect(await endTree(untold, new FakeClock(), HANDLE, limits)).toMatchObject({ isGone: false, isLocked: null });
  });

  it('counts a member whose life cannot be judged as unknown', async () => {
    const doubtful = hard(10);
    const processes = new FakeProcesses([doubtful]);
    processes.onSignal = () => {
      doubtful.life = 'unknown';
    };
    expect(await endTree(processes, new FakeClock(), HANDLE, limits)).toMatchObject({ isGone: false, unknown: [10] });
  });

  it('reports what is left without signalling', () => {
    const processes = new FakeProcesses([soft(10)]);
    expect(sightLeftovers(processes, HANDLE)).toMatchObject({ isGone: false, survivors: [{ pid: 10 }] });
    expect(processes.signals).toEqual([]);
  });
});
