/** What stands in a worker's stderr is its own: the gate says nothing there of how it ended. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGate } from '../../src/adapters/processes/worker-gate.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { hasNamespaces } from '../host/host-bench.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-gate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What the worker has left in its stderr, once it has ended. */
async function saidBy(script: string, isNamespaced: boolean, argv = ['sh', '-c', script]): Promise<string> {
  const stderr = join(folder, 'stderr.log');
  const fds = [openSync(join(folder, 'output'), 'a+'), openSync(stderr, 'a+')] as const;
  const env = { PATH: process.env.PATH ?? '' };
  const start = { argv, cwd: folder, env, isNamespaced, stdin: null, stdout: fds[0], stderr: fds[1], lock: null };
  const gate = await startGate(start, systemClock);
  for (const fd of fds) closeSync(fd);
  if (gate.kind === 'failed') throw new Error(gate.obstacle);
  gate.worker.open();
  await gate.worker.exited;
  return readFileSync(stderr, 'utf8');
}

describe.each(hasNamespaces ? [false, true] : [false])('a worker (PID namespace: %s)', (isNamespaced) => {
  it.each(['KILL', 'TERM', 'SEGV'])('that was ended by SIG%s has its own words alone in its stderr', async (signal) => {
    expect(await saidBy(`echo mine >&2; kill -${signal} $$`, isNamespaced)).toBe('mine\n');
  });

  it('that cannot be executed has the shell say why', async () => {
    expect(await saidBy('', isNamespaced, [join(folder, 'nowhere')])).toMatch(/nowhere.*not found/);
  });

  it('has no more descriptors open than it was given', async () => {
    const listing = 'for fd in 3 4 5; do [ -e /proc/self/fd/$fd ] && echo $fd >&2; done; exit 0';
    expect(await saidBy(listing, isNamespaced, ['bash', '-c', listing])).toBe('');
  });
});
