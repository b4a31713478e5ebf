/** How a daemon stands is judged from outside, by its lock and by its own answers. */
import { createServer } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import { ask } from '../../../src/app/daemon/asking.ts';
import { standingOf } from '../../../src/app/daemon/standing.ts';
import { DaemonHome, endOf } from '../../support/stand-in-daemon.ts';

describe('a daemon', () => {
  it('is stopped before the first start, and after an end in order', async () => {
    const daemon = new DaemonHome();
    const stopped = { state: 'stopped', daemon: null, holderPid: null, detail: '' };
    expect(await standingOf(daemon.place)).toEqual(stopped);
    const { child } = await daemon.run('serves', 'ready');
    child.kill('SIGTERM');
    await endOf(child);
    expect(await standingOf(daemon.place)).toEqual(stopped);
  });

  it('is recovering, with what, until it says that it is ready', async () => {
    const daemon = new DaemonHome();
    const { child, standing } = await daemon.run('recovers', 'recovering');
    expect(standing).toMatchObject({ holderPid: child.pid, detail: 'recovering web' });
    daemon.go();
    const ready = await standingOf(daemon.place);
    expect(ready).toMatchObject({ state: 'ready', holderPid: child.pid, detail: '', daemon: { pid: child.pid } });
  });

  it('that was killed is stale, and ready again after the next start', async () => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run('serves', 'ready');
    child.kill('SIGKILL');
    await endOf(child);
    expect(await standingOf(daemon.place)).toMatchObject({
      state: 'stale',
      holderPid: null,
      daemon: { pid: child.pid, generation: 1 },
      detail: `the last daemon, process ${child.pid}, has not ended in order`,
    });
    expect((await daemon.run('serves', 'ready')).standing.daemon?.generation).toBe(2);
  });

  it('that does not listen is starting for a minute, then unhealthy', async () => {
    const daemon = new DaemonHome();
    await daemon.run('silent', 'starting');
    const later = (seconds: number) => ({
      ...daemon.place,
      clock: { ...systemClock, nowMs: () => Date.now() + seconds * 1_000 },
    });
    expect((await standingOf(later(50))).state).toBe('starting');
    expect((await standingOf(later(70))).state).toBe('unhealthy');
  });

  it('is not asked where a killed one before it has listened', async () => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run('serves', 'ready');
    child.kill('SIGKILL');
    await endOf(child);
    const { standing } = await daemon.run('silent', 'starting');
    expect(standing).toMatchObject({ daemon: null, detail: 'it does not say yet where it listens' });
  });

  it('that gives no answer within two seconds is unhealthy, and so is one that is unwell', async () => {
    const daemon = new DaemonHome();
    const { child, standing } = await daemon.run('deaf', 'unhealthy');
    expect(standing.detail).toMatch(/gives no answer: no answer within 2000 ms/);
    child.kill('SIGKILL');
    await endOf(child);
    expect((await daemon.run('unwell', 'unhealthy')).standing.detail).toBe('/readyz answers 500');
  });

  it('whose life cannot be told from here is ready if it says so, and unhealthy if it says nothing', async () => {
    const daemon = new DaemonHome();
    const { child } = await daemon.run('serves', 'ready');
    const unknown = { ...daemon.place, processes: { ...daemon.place.processes, life: () => 'unknown' as const } };
    expect((await standingOf(unknown)).state).toBe('ready');
    child.kill('SIGKILL');
    await endOf(child);
    const { state, detail } = await standingOf(unknown);
    expect([state, detail]).toEqual(['unhealthy', expect.stringMatching(/^it cannot be told from here/)]);
  });
});

describe('an answer', () => {
  const listening = async (server: { listen(path: string, done: () => void): unknown; close(): unknown }) => {
    const socket = join(new DaemonHome().root, 's');
    await new Promise<void>((done) => server.listen(socket, done));
    onTestFinished(() => void server.close());
    return socket;
  };

  it('of more than its bound, or of something that speaks no HTTP, is none', async () => {
    const big = await listening(createServer((_request, response) => response.end('x'.repeat(70_000))));
    const odd = await listening(createNetServer((connection) => connection.end('SSH-2.0-x\r\n')));
    const cut = await listening(
      createServer((_request, response) => void response.write('{', () => response.destroy())),
    );
    for (const socket of [big, odd, cut])
      expect((await ask({ socket, method: 'GET', path: '/' }, systemClock)).kind).toBe('silent');
  });

  it('that is no JSON object has an empty body', async () => {
    const socket = await listening(createServer((_request, response) => response.writeHead(418).end('[1')));
    expect(await ask({ socket, method: 'GET', path: '/' }, systemClock)).toEqual({
      kind: 'answered',
      status: 418,
      body: {},
    });
  });
});
