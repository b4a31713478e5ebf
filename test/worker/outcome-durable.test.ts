/** What an outcome names is on the disk before the outcome can be seen, whenever the power is cut. */
import { expect, it } from 'vitest';
import { adapterOf } from '../../src/adapters/agents/adapters.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { Files } from '../../src/store/files.ts';
import { parseOutcome } from '../../src/turn/task-files.ts';
import { type Settlement, settleOutcome } from '../../src/worker/outcome.ts';
import { plainRequest } from '../host/plain-request.ts';

const TASK = '/task';
const WORKTREE = '/worktree';
const SEEDS = Array.from({ length: 8 }, (_, seed) => ({ seed }));
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A disk with an ended worker: it has written, and nobody has synced what it wrote. */
async function endedWorker(): Promise<MemoryFs> {
  const disk = new MemoryFs();
  for (const folder of [TASK, WORKTREE]) disk.makeFolder(folder);
  const write = (path: string, text: string): void => {
    const fd = disk.open(path, 'a+');
    disk.write(fd, bytesOf(text), null);
    disk.close(fd);
  };
  // The names are durable since the worker was recorded.
  for (const name of [TASK_FILES.output, TASK_FILES.stderr]) write(`${TASK}/${name}`, '');
  const files = new Files(disk, systemClock);
  for (const folder of [TASK, '/']) await files.syncFolder(folder);
  write(`${TASK}/${TASK_FILES.output}`, 'some output');
  write(`${TASK}/${TASK_FILES.stderr}`, 'an error');
  write(`${WORKTREE}/answer.json`, JSON.stringify({ status: 'completed', summary: 'done' }));
  return disk;
}

function settlement(disk: MemoryFs): Settlement {
  const request = { ...plainRequest, purpose: 'implementation' as const, cwd: WORKTREE };
  return {
    files: new Files(disk, systemClock),
    worktrees: {
      recordTree: async () => ({ head: null, tree: null, reason: null }),
      headOf: async () => null,
      showBase: async () => null,
      restoreHead: async () => null,
      settingsOf: async () => null,
      makeDurable: async () => undefined,
    },
    adapterOf,
    taskFolder: TASK,
    request: { ...request, completionFile: `${WORKTREE}/answer.json` },
    requestHash: 'a'.repeat(64),
    by: 'host',
    nonce: 'n',
    exit: { code: 0, signal: null },
    forced: null,
    orphanResult: 'interrupted',
    startedAtMs: 5,
    log: () => undefined,
  };
}

/** What the outcome names and the disk does not hold; null where there is no outcome. */
function missing(disk: MemoryFs): readonly string[] | null {
  const files = new Files(disk, systemClock);
  const bytes = files.readBytes(`${TASK}/${TASK_FILES.outcome}`, 100_000);
  if (bytes === null) return null;
  const parsed = parseOutcome(bytes);
  if (!parsed.ok) return [parsed.reason];
  const { output, stderr, completion } = parsed.value;
  const named = { [TASK_FILES.output]: output, [TASK_FILES.stderr]: stderr, [TASK_FILES.completion]: completion };
  return Object.entries(named).flatMap(([name, digest]) => {
    const kept = files.readBytes(`${TASK}/${name}`, 100_000);
    return digest !== null && kept !== null && sha256(kept) === digest.sha256 ? [] : [name];
  });
}

it('output, errors and answer survive every power cut after which there is an outcome', async () => {
  const disk = await endedWorker();
  let cuts = 0;
  const lost: string[] = [];
  disk.onCall = (op, path) => {
    for (const choice of ['nothing' as const, ...SEEDS]) {
      const found = missing(disk.crash(choice));
      if (found === null) continue;
      cuts += 1;
      if (found.length > 0) lost.push(`${found.join(', ')} before ${op} ${path}`);
    }
  };
  const { isWinner } = await settleOutcome(settlement(disk));
  disk.onCall = null;
  expect(isWinner).toBe(true);
  expect(lost).toEqual([]);
  expect(cuts).toBeGreaterThan(5);
  expect(missing(disk.crash('nothing'))).toEqual([]);
});
