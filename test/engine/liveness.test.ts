import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { Life, ProcessIdentity } from '../../src/base/process-identity.ts';
import { SignsReader } from '../../src/engine/liveness.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import { Files } from '../../src/store/files.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { plainRequest } from '../host/plain-request.ts';

const folder = mkdtempSync(join(tmpdir(), 'pawl-liveness-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const RUN = 'run_A_0123456789ab';
const TASK = 'implementation-e0-a1';
const HASH = 'a'.repeat(64);

function identity(pid: number, startTime: string): ProcessIdentity {
  return { pid, startTime, bootId: 'b', pidNamespace: 'n', hostname: 'here', machineId: 'm' };
}

/** A registry with one claimed task, and a process table in which only what is named lives, by pid and start time. */
function taskOf(living: readonly ProcessIdentity[]): {
  readonly reader: SignsReader;
  leave(name: string, content: string): void;
} {
  const paths = new RegistryPaths(folder);
  const place = paths.task(RUN, TASK);
  mkdirSync(place, { recursive: true });
  const leave = (name: string, content: string): void => writeFileSync(join(place, name), content);
  const life = ({ pid, startTime }: ProcessIdentity): Life =>
    living.some((each) => each.pid === pid && each.startTime === startTime) ? 'alive' : 'dead';
  return { reader: new SignsReader({ files: new Files(nodeFs, systemClock), paths, processes: { life } }), leave };
}

const claimOf = (host: ProcessIdentity): string =>
  JSON.stringify({ v: 1, kind: 'host', requestHash: HASH, nonce: 'n'.repeat(32), host, atMs: 1 });
const agentOf = (worker: ProcessIdentity, startedAtMs: number): string =>
  JSON.stringify({
    v: 1,
    requestHash: HASH,
    nonce: 'n'.repeat(32),
    worker,
    isNamespaced: false,
    mark: 'mark',
    sessionId: null,
    startedAtMs,
  });

describe('the signs of life of a task', () => {
  test('judge host and worker by their identity: another process under the same pid proves nothing', () => {
    const { reader, leave } = taskOf([identity(1, 'later'), identity(2, 'first')]);
    leave(TASK_FILES.claim, claimOf(identity(1, 'first')));
    leave(TASK_FILES.agent, agentOf(identity(2, 'first'), 5));
    expect(reader.task(RUN, TASK)).toMatchObject({ host: 'dead', hostPid: 1, worker: 'alive', workerPid: 2 });
  });

  test('hold the deadline and the age of the output, and tell nothing of files that cannot be read', () => {
    const { reader, leave } = taskOf([]);
    expect(reader.task(RUN, TASK)).toMatchObject({ claim: 'none', host: 'none', worker: 'none', outputAtMs: null });
    leave(TASK_FILES.claim, '{"v":1');
    expect(reader.task(RUN, TASK)).toMatchObject({ claim: 'none', host: 'none' });
    leave(TASK_FILES.request, JSON.stringify(plainRequest));
    leave(TASK_FILES.agent, agentOf(identity(2, 'first'), 5));
    leave(TASK_FILES.output, 'said');
    expect(reader.task(RUN, TASK)).toMatchObject({
      startedAtMs: 5,
      deadlineAtMs: 5 + plainRequest.limits.deadlineMs,
      outputAtMs: expect.any(Number),
      outputBytes: 4,
      hasOutcome: false,
    });
  });
});
