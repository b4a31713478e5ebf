/** The built program starts its own daemon in the background, and stops it. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { standingOf } from '../../src/app/daemon/standing.ts';
import { documentOf, startPawl } from '../support/pawl-cli.ts';
import { DaemonHome } from '../support/stand-in-daemon.ts';

test('of two starts at once one daemon results, which serves until it is stopped and leaves no file that says it runs', async () => {
  const daemon = new DaemonHome();
  const call = (...args: readonly string[]) =>
    startPawl(daemon.root, { ...process.env, PAWL_HOME: daemon.root }, [...args, '--json']).ended;
  const ends = await Promise.all([call('start'), call('start')]);
  expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  const [first, second] = ends.map((end) => documentOf<{ readonly outcome: string; readonly pid: number }>(end));
  expect([first?.outcome, second?.outcome].sort()).toEqual(['present', 'started']);
  expect(first?.pid).toBe(second?.pid);
  expect(await standingOf(daemon.place)).toMatchObject({ state: 'ready', holderPid: first?.pid });
  expect(documentOf(await call('stop'))).toMatchObject({ outcome: 'stopped', pid: first?.pid });
  expect((await standingOf(daemon.place)).state).toBe('stopped');
  expect(readdirSync(daemon.root).filter((name) => /^(?:daemon\.json|sock)/.test(name))).toEqual([]);
});
