/** After a stop no daemon runs, and nothing else was touched. */
import { describe, expect, it } from 'vitest';
import { systemProcesses } from '../../../src/adapters/processes/system.ts';
import { standingOf } from '../../../src/app/daemon/standing.ts';
import { stopDaemon } from '../../../src/app/daemon/stopping.ts';
import { takeHomeLock } from '../../../src/store/home/home-lock.ts';
import { toldBy } from '../../store/store-kit.ts';
import { DaemonHome, endOf } from '../../support/stand-in-daemon.ts';

const STOP_MS = 20_000;

describe('a stop', () => {
  it('asks the daemon to end, and waits until its process has gone', async () => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run('serves', 'ready');
    expect(await stopDaemon(daemon.place, STOP_MS)).toEqual({ outcome: 'stopped', pid: child.pid, how: 'asked' });
    // It is our child: until it is waited for, its number is not free.
    expect(systemProcesses().identify(child.pid ?? 0)).toBeNull();
    expect(await stopDaemon(daemon.place, STOP_MS)).toEqual({ outcome: 'absent', pid: null, how: null });
    expect((await standingOf(daemon.place)).state).toBe('stopped');
  });

  it.each([
    ['deaf', 'unhealthy'],
    ['silent', 'starting'],
    ['refuses', 'ready'],
  ] as const)('signals a daemon that is %s', async (behaviour, state) => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run(behaviour, state);
    expect(await stopDaemon(daemon.place, STOP_MS)).toEqual({ outcome: 'stopped', pid: child.pid, how: 'signalled' });
  });

  it('of a daemon that does not end is given up in time, and ends nothing by force', async () => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run('stubborn', 'ready');
    const told = await toldBy(() => stopDaemon(daemon.place, 300));
    expect(told).toMatchObject({ code: 'PAWL_DAEMON_FAILED', kind: 'retryable' });
    expect(told.message).toContain(`(process ${child.pid}) has not ended within 0.3 s`);
    expect((await standingOf(daemon.place)).state).toBe('ready');
  });

  it('of a daemon that was killed is success', async () => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run('serves', 'ready');
    child.kill('SIGKILL');
    await endOf(child);
    expect((await stopDaemon(daemon.place, STOP_MS)).outcome).toBe('absent');
  });

  it('signals no stranger that has the pid of a daemon which is gone', async () => {
    const daemon = new DaemonHome();
    const machine = systemProcesses();
    // This very process, as if the daemon had had its pid before: a signal would end the tests.
    const former = { ...machine.self(), startTime: '1' };
    await takeHomeLock({ ...daemon.place, processes: { ...machine, self: () => former } });
    expect((await stopDaemon(daemon.place, STOP_MS)).outcome).toBe('absent');
  });
});
