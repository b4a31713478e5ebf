/** A start in the background ends with a daemon that is ready, or says why there is none. */
import { mkdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { standingOf } from '../../../src/app/daemon/standing.ts';
import { type Started, startInBackground } from '../../../src/app/daemon/starting.ts';
import { stopDaemon } from '../../../src/app/daemon/stopping.ts';
import { toldBy } from '../../store/store-kit.ts';
import { until } from '../../support/pawl-cli.ts';
import { DaemonHome, endOf } from '../../support/stand-in-daemon.ts';

const start = (
  daemon: DaemonHome,
  behaviour: string,
  more: { timeoutMs?: number; port?: number } = {},
): Promise<Started> =>
  startInBackground(daemon.place, {
    program: daemon.program(behaviour),
    logFile: daemon.place.home.logFile,
    port: more.port ?? null,
    timeoutMs: more.timeoutMs ?? 20_000,
  });

describe('a start', () => {
  it('waits until the daemon is ready, in a session of its own, with its output in the log', async () => {
    const daemon = new DaemonHome();
    const starting = start(daemon, 'recovers', { port: 4_321 });
    await daemon.becomes('recovering');
    expect(await Promise.race([starting, 'waiting'])).toBe('waiting');
    daemon.go();
    const started = await starting;
    expect(started).toMatchObject({
      outcome: 'started',
      daemon: { port: 4_321, logFile: daemon.place.home.logFile, generation: 1 },
    });
    expect(daemon.log()).toBe(`stand-in ${started.daemon.pid} recovers\n`);
    expect(statSync(daemon.place.home.logFile).mode & 0o777).toBe(0o600);
    // The leader of a process group of its own, as of a session: our group's signals do not reach it.
    expect(() => process.kill(-started.daemon.pid, 0)).not.toThrow();
  });

  it('where a daemon is ready already starts nothing', async () => {
    const daemon = new DaemonHome();
    const first = await start(daemon, 'serves');
    expect(await start(daemon, 'fails')).toEqual({ outcome: 'present', daemon: first.daemon });
  });

  it('while a daemon recovers starts nothing, however long that takes', async () => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run('recovers', 'recovering');
    expect((await toldBy(() => start(daemon, 'fails', { timeoutMs: 300 }))).message).toContain('it is recovering');
    daemon.go();
    expect(await start(daemon, 'fails')).toMatchObject({ outcome: 'present', daemon: { pid: child.pid } });
    expect(daemon.log()).toBe('');
  });

  it('of several at once: one daemon results, and all succeed, also those whose own process lost the lock', async () => {
    const daemon = new DaemonHome();
    const starting = Promise.all(['recovers', 'recovers', 'recovers'].map((behaviour) => start(daemon, behaviour)));
    await until('two have lost', () => daemon.log().match(/A daemon already runs/g)?.length === 2);
    daemon.go();
    const all = await starting;
    expect(all.map(({ outcome }) => outcome).sort()).toEqual(['present', 'present', 'started']);
    expect(new Set(all.map(({ daemon: { pid } }) => pid)).size).toBe(1);
    expect(all[0]?.daemon.generation).toBe(1);
  });

  it('after a kill takes over', async () => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run('serves', 'ready');
    child.kill('SIGKILL');
    await endOf(child);
    expect(await start(daemon, 'serves')).toMatchObject({ outcome: 'started', daemon: { generation: 2 } });
  });

  it('while the former daemon is ending waits for it, then starts the next', async () => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run('recovers', 'recovering');
    const starting = start(daemon, 'serves');
    child.kill('SIGTERM');
    expect(await starting).toMatchObject({ outcome: 'started', daemon: { generation: 2 } });
  });
});

describe('a start that fails', () => {
  it('because the daemon ends says how, and shows the end of its log, this time only and without escapes', async () => {
    const daemon = new DaemonHome();
    await toldBy(() => start(daemon, 'fails'));
    const told = await toldBy(() => start(daemon, 'fails'));
    expect(told).toMatchObject({ code: 'PAWL_DAEMON_FAILED', subject: daemon.place.home.logFile });
    expect(told.message).toMatch(
      /^The daemon ended before it was ready: exit 1\. The end of its log, \S+daemon\.log:\n {2}stand-in \d+ fails\n {2}the disk is made of cheese$/,
    );
  });

  it('because time is over says how it stands, and leaves it alone', async () => {
    const daemon = new DaemonHome();
    const told = await toldBy(() => start(daemon, 'recovers', { timeoutMs: 1_500 }));
    expect(told.code).toBe('PAWL_DAEMON_FAILED');
    expect(told.message).toContain('was not ready within 1.5 s: it is recovering, recovering web.');
    daemon.go();
    expect((await start(daemon, 'serves')).outcome).toBe('present');
  });

  it('because there is no such program says so', async () => {
    const daemon = new DaemonHome();
    const program = { path: '/no/such/program', args: [] };
    const order = { program, logFile: daemon.place.home.logFile, port: null, timeoutMs: 20_000 };
    expect((await toldBy(() => startInBackground(daemon.place, order))).message).toContain('ENOENT');
  });

  it('because its log cannot be written says so, and starts nothing', async () => {
    const daemon = new DaemonHome();
    mkdirSync(daemon.place.home.logFile);
    expect((await toldBy(() => start(daemon, 'serves'))).message).toMatch(/^could not open \S+daemon\.log: EISDIR$/);
    expect((await standingOf(daemon.place)).state).toBe('stopped');
  });

  it('because it cannot be told whether a daemon lives starts nothing', async () => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run('silent', 'starting');
    const unknown = { ...daemon.place, processes: { ...daemon.place.processes, life: () => 'unknown' as const } };
    const order = { program: daemon.program('serves'), logFile: daemon.place.home.logFile, port: null, timeoutMs: 1 };
    expect((await toldBy(() => startInBackground(unknown, order))).code).toBe('PAWL_DAEMON_UNKNOWN');
    expect((await toldBy(() => stopDaemon(unknown, 1_000))).code).toBe('PAWL_DAEMON_UNKNOWN');
    expect([daemon.log(), child.exitCode, child.signalCode]).toEqual(['', null, null]);
  });
});
