/** The scripted agent's grandchildren, for real: they outlive it in every way that a host must cope with. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtPath } from '../host/built.ts';
import { gone, ignoresSigterm, isRunning, killById, marked } from './found-processes.ts';
import { WorkerPlace } from './worker-place.ts';

const program = builtPath('src/adapters/agents/scripted-worker.ts');
let place: WorkerPlace;
const pids: number[] = [];

beforeEach(() => {
  place = new WorkerPlace({ packet: { taskId: 'TASK-1' } });
});

afterEach(() => {
  for (const pid of pids.splice(0)) killById(pid);
  place.dispose();
});

describe('grandchildren', () => {
  const script = (step: Record<string, unknown>) => ({
    PAWL_SCRIPT: JSON.stringify({ implementation: [{ do: 'grandchild', ...step }, { do: 'answer' }] }),
  });

  /** The process that stands under the mark of this test, once its parent has exited. */
  async function survivorOf(step: Record<string, unknown>): Promise<{ pid: number; isStdoutOpen: boolean }> {
    const mark = `mark-${process.pid}-${performance.now()}`;
    const child = place.start([program], { ...script(step), PAWL_TASK_MARK: mark });
    let isClosed = false;
    child.stdout?.resume().once('close', () => {
      isClosed = true;
    });
    child.stderr?.resume();
    expect(await once(child, 'exit')).toEqual([0, null]);
    const pid = marked(mark);
    if (pid !== null) pids.push(pid);
    await new Promise((done) => setImmediate(done));
    return { pid: pid ?? 0, isStdoutOpen: !isClosed };
  }

  it.runIf(process.platform === 'linux')('outlives its parent and holds stdout open', async () => {
    const { pid, isStdoutOpen } = await survivorOf({ holdsStdout: true, forever: true });
    expect(isRunning(pid)).toBe(true);
    expect(isStdoutOpen).toBe(true);
    process.kill(pid, 'SIGTERM');
    await gone(pid);
  });

  it.runIf(process.platform === 'linux')('in its own session ignores SIGTERM from its first moment on', async () => {
    const { pid } = await survivorOf({ holdsStdout: false, forever: true, ignoreSigterm: true, ownSession: true });
    const session = execFileSync('ps', ['-o', 'sid=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    expect(session).toBe(String(pid));
    process.kill(pid, 'SIGTERM');
    // The kernel shows a delivered signal as no longer pending: then it was ignored.
    expect(ignoresSigterm(pid)).toBe(true);
    expect(isRunning(pid)).toBe(true);
  });

  it.runIf(process.platform === 'linux')('ends by itself after its time', async () => {
    const { pid } = await survivorOf({ ms: 50 });
    if (pid !== 0) await gone(pid);
  });
});
