import { expect, it } from 'vitest';
import { runHost } from '../../src/host/host.ts';
import { PawlError } from '../../src/model/error.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import { HostSite, TASK_FOLDER, WORKTREE } from '../../src/prove/sim/host-site.ts';
import { plainRequest } from './plain-request.ts';

it('a host that cannot end what is left of its worker abandons after its bound, and settles nothing', async () => {
  const limits = { deadlineMs: 60_000, stallMs: 60_000, graceMs: 1_000, outputBytesMax: 1_000 };
  const site = new HostSite(
    { ...plainRequest, limits, cwd: WORKTREE, completionFile: `${WORKTREE}/answer` },
    { output: 'working\n', answer: '{"status":"completed","summary":"done"}' },
  );
  const parts = site.parts(site.disk);
  const processes = { ...site.processes(parts.self), tree: () => ({ members: [], unknown: [7], isLocked: false }) };
  const beganMs = site.clock.monotonicMs();
  const error = await runHost({ ...parts, processes }, site.task).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PawlError);
  expect(error).toMatchObject({ code: 'PAWL_WORKER_SURVIVORS', message: expect.stringContaining('unknown: 7') });
  expect(site.disk.stat(`${TASK_FOLDER}/${TASK_FILES.outcome}`)).toBeNull();
  const tookMs = site.clock.monotonicMs() - beganMs;
  expect(tookMs).toBeGreaterThan(BOUNDS.hostSweepMs);
  expect(tookMs).toBeLessThan(BOUNDS.hostSweepMs + 2 * (BOUNDS.killMs + limits.graceMs + BOUNDS.hostSweepPauseMs));
});
