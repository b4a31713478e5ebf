/** What launchctl is asked for, by a stand-in that knows whether the agent is loaded and runs. */
import { expect, test } from 'vitest';
import { launchd } from '../../src/app/service/launchd.ts';
import { serviceFacts } from '../../src/app/service/service-facts.ts';
import type { ManagerCall } from '../../src/app/service/service-manager.ts';

const facts = serviceFacts({ PATH: '/bin' }, { node: '/node', program: '/main.js', userHome: '/u/ann' });

/** launchctl with what it was asked to change; `answers`: false where there is no session of the user's. */
function launchctl(answers = true) {
  const calls: string[] = [];
  const now = { isLoaded: false, isRunning: false };
  const call: ManagerCall = async (_program, [verb = '', ...args]) => {
    const ended = (code: number, stdout = '') => ({ status: 'exited', code, stdout, stderr: '' }) as const;
    if (!answers) return ended(125);
    if (verb === 'print') return now.isLoaded ? ended(0, now.isRunning ? '\tpid = 42\n' : '') : ended(113);
    if (verb === 'print-disabled') return ended(0, 'disabled services = {\n}\n');
    calls.push([verb, ...args].join(' '));
    if (verb === 'bootstrap') now.isLoaded = true;
    if (verb === 'bootstrap' || verb === 'kickstart') now.isRunning = true;
    if (verb === 'bootout') now.isLoaded = now.isRunning = false;
    return ended(0);
  };
  return { calls, now, manager: launchd(call, facts, { userHome: '/u/ann', uid: 501 }) };
}

test('an agent is loaded once, kicked when it has ended, loaded anew when its file was replaced, and unloaded', async () => {
  const { calls, now, manager } = launchctl();
  const load = `bootstrap gui/501 ${manager.file}`;
  expect(manager.file).toBe('/u/ann/Library/LaunchAgents/pawl.daemon.plist');
  expect(await manager.standing()).toEqual({ isEnabled: false, isRunning: false, pid: null, isLingering: null });
  await manager.start(false);
  expect(await manager.standing()).toEqual({ isEnabled: true, isRunning: true, pid: 42, isLingering: null });
  now.isRunning = false;
  await manager.start(false);
  await manager.start(true);
  await manager.stop();
  await manager.stop();
  const [enable, stop] = ['enable gui/501/pawl.daemon', 'bootout gui/501/pawl.daemon'];
  expect(calls).toEqual([enable, load, enable, 'kickstart gui/501/pawl.daemon', stop, enable, load, stop]);
});

test('without a session of the user it is unsupported', async () => {
  await expect(launchctl(false).manager.standing()).rejects.toMatchObject({ code: 'PAWL_SERVICE_UNSUPPORTED' });
});
