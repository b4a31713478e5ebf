import { afterEach, describe, expect, it } from 'vitest';
import { parsePs, posixProcesses } from '../../src/adapters/processes/posix.ts';
import type { ProcessIdentity } from '../../src/base/process-identity.ts';
import { MARK_VARIABLE } from '../../src/model/request.ts';
import { end, endAll, start } from './started.ts';

const here = { bootId: 'boot', pidNamespace: '', machineId: 'machine', hostname: 'host' };
const processes = posixProcesses('/nowhere', here);
afterEach(endAll);

const idle = ['sh', '-c', 'echo ready; exec sleep 300'];
const handle = (mark: string, worker: ProcessIdentity | null = null) => ({
  mark,
  worker,
  lockFile: null,
  isNamespaced: false,
});
const pidsOf = (sighting: { members: readonly ProcessIdentity[] }): number[] => sighting.members.map(({ pid }) => pid);
function identify(pid: number): ProcessIdentity {
  const identity = processes.identify(pid);
  if (identity === null) throw new Error(`${pid} is not there`);
  return identity;
}

describe('processes seen through ps', () => {
  it('reads the columns of ps, padded or not, with an empty command or a long one', () => {
    const text = [
      '    1     0 Ss   1-02:03:04 Sat Nov 21 08:22:06 2026 /sbin/init',
      '20345 19871 R+     0:07.25 Sun Nov  1 00:00:09 2026 node -e 1 PAWL_TASK_MARK=a:b LANG=C',
      '  345   171 Z    00:00:00 Sun Nov  1 00:00:09 2026',
      'not a row',
      '',
    ].join('\n');
    expect(parsePs(text)).toEqual([
      {
        pid: 1,
        parentPid: 0,
        state: 'S',
        startTime: 'Sat Nov 21 08:22:06 2026',
        cpuMs: 93_784_000,
        command: '/sbin/init',
      },
      {
        pid: 20_345,
        parentPid: 19_871,
        state: 'R',
        startTime: 'Sun Nov 1 00:00:09 2026',
        cpuMs: 7_250,
        command: 'node -e 1 PAWL_TASK_MARK=a:b LANG=C',
      },
      { pid: 345, parentPid: 171, state: 'Z', startTime: 'Sun Nov 1 00:00:09 2026', cpuMs: 0, command: '' },
    ]);
  });

  it('we are alive, a reaped process is dead, another start time is dead', async () => {
    expect(processes.life(processes.self())).toBe('alive');
    const { child, pid } = await start(idle);
    const identity = identify(pid);
    expect(processes.life(identity)).toBe('alive');
    expect(processes.life({ ...identity, startTime: 'Sun Nov 1 00:00:09 2020' })).toBe('dead');
    expect(processes.signal({ ...identity, startTime: 'Sun Nov 1 00:00:09 2020' }, 'SIGKILL')).toBe(false);
    await end(child);
    expect(processes.life(identity)).toBe('dead');
    expect(processes.identify(pid)).toBeNull();
  });

  it('where machine or boot cannot be named, life is unknown', () => {
    const nameless = posixProcesses('/nowhere', { ...here, bootId: '' });
    expect(nameless.life(nameless.self())).toBe('unknown');
    expect(nameless.signal(nameless.self(), 'SIGTERM')).toBe(false);
  });

  it('a tree is found by its mark, nested or not, with the children of its members', async () => {
    const mark = `posix-${process.pid}`;
    const alone = await start(idle, { [MARK_VARIABLE]: mark });
    const parent = await start(['sh', '-c', 'env -i sleep 300 & echo $!; wait'], { [MARK_VARIABLE]: `outer:${mark}` });
    await start(idle, { [MARK_VARIABLE]: `${mark}1` });
    const sighting = processes.tree(handle(mark));
    expect(pidsOf(sighting).sort()).toEqual([alone.pid, parent.pid, Number(parent.said)].sort());
    expect(sighting).toMatchObject({ unknown: [], isLocked: false });
  });

  it('a recorded worker that lives is in its tree; one that cannot be judged is unknown', async () => {
    const { pid } = await start(['env', '-i', '/bin/sh', '-c', 'echo ready; exec /bin/sleep 300']);
    const worker = identify(pid);
    expect(pidsOf(processes.tree(handle('nobody', worker)))).toEqual([pid]);
    expect(processes.tree(handle('nobody', { ...worker, machineId: 'another' })).unknown).toEqual([pid]);
  });
});
