import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adapterOf } from '../../src/adapters/agents/adapters.ts';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { TASK_FILES, type TaskRequest } from '../../src/model/request.ts';
import { Files } from '../../src/store/files.ts';
import { linkRegister } from '../../src/store/register.ts';
import { encode } from '../../src/turn/task-files.ts';
import { revokeClaim, type Settlement, settleOutcome } from '../../src/worker/outcome.ts';
import { plainRequest } from '../host/plain-request.ts';

const requestHash = 'a'.repeat(64);
const files = new Files(nodeFs, systemClock);
let folder: string;
let nonces = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-outcome-'));
  mkdirSync(join(folder, 'task'));
  mkdirSync(join(folder, 'worktree'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pathOf = (name: string): string => join(folder, 'task', name);
function settlement(given: Partial<Settlement> = {}, asked: Partial<TaskRequest> = {}): Settlement {
  nonces += 1;
  const worktree = join(folder, 'worktree');
  const request: TaskRequest = {
    ...plainRequest,
    purpose: 'implementation',
    cwd: worktree,
    completionFile: join(worktree, 'answer.json'),
    recordsTree: true,
    ...asked,
  };
  return {
    files,
    worktrees: {
      recordTree: async () => ({ head: 'c0ffee', tree: 'facade', reason: null }),
      headOf: async () => 'c0ffee',
      showBase: async () => null,
      restoreHead: async () => null,
      settingsOf: async () => null,
      makeDurable: async () => undefined,
    },
    adapterOf,
    taskFolder: join(folder, 'task'),
    request,
    requestHash,
    by: 'runner',
    nonce: `nonce-${nonces}`,
    exit: null,
    forced: null,
    orphanResult: 'lost',
    startedAtMs: 5,
    log: () => undefined,
    ...given,
  };
}
const answer = (summary: string): void =>
  writeFileSync(join(folder, 'worktree', 'answer.json'), JSON.stringify({ status: 'completed', summary }));

describe('settleOutcome', () => {
  it('a runner settles an orphan by the answer it left', async () => {
    answer('from the orphan');
    writeFileSync(pathOf(TASK_FILES.output), 'some output');
    const { outcome, outcomeHash, isWinner } = await settleOutcome(settlement());
    expect(isWinner).toBe(true);
    expect(outcome).toMatchObject({
      requestHash,
      by: 'runner',
      result: 'completed',
      summary: 'from the orphan',
      exitCode: null,
      head: 'c0ffee',
      tree: 'facade',
      output: { sha256: sha256('some output'), bytes: 11 },
      stderr: null,
      startedAtMs: 5,
    });
    expect(outcomeHash).toBe(sha256(readFileSync(pathOf(TASK_FILES.outcome))));
    expect(outcome.completion?.sha256).toBe(sha256(readFileSync(pathOf(TASK_FILES.completion))));
  });

  it.each(['interrupted', 'lost'] as const)(
    'an orphan without an answer is %s as its finder says',
    async (orphanResult) => {
      const { outcome } = await settleOutcome(settlement({ orphanResult }));
      expect(outcome).toMatchObject({ result: orphanResult, completion: null, output: null });
    },
  );

  it('what was written beyond the limit is cut off, the end of stdout first', async () => {
    const limits = { ...plainRequest.limits, outputBytesMax: 5 };
    writeFileSync(pathOf(TASK_FILES.output), 'some output');
    writeFileSync(pathOf(TASK_FILES.stderr), 'er');
    const { outcome } = await settleOutcome(settlement({ forced: 'outputLimit' }, { limits }));
    expect(outcome).toMatchObject({ output: { bytes: 3, sha256: sha256('som') }, stderr: { bytes: 2 } });
    expect(readFileSync(pathOf(TASK_FILES.output), 'utf8')).toBe('som');
  });

  it('records the tree only where the request asks for it', async () => {
    const { outcome } = await settleOutcome(settlement({}, { recordsTree: false }));
    expect(outcome).toMatchObject({ head: 'c0ffee', tree: null });
  });

  it('says why a tree could not be recorded', async () => {
    const lines: string[] = [];
    const worktrees = {
      recordTree: async () => ({ head: null, tree: null, reason: 'no repository' }),
      headOf: async () => null,
      showBase: async () => null,
      restoreHead: async () => null,
      settingsOf: async () => null,
      makeDurable: async () => undefined,
    };
    const { outcome } = await settleOutcome(settlement({ worktrees, log: (line) => lines.push(line) }));
    expect(outcome).toMatchObject({ head: null, tree: null });
    expect(lines.join()).toContain('no repository');
  });

  it('links the outcome only when the worktree is durable, as it was recorded', async () => {
    const steps: string[] = [];
    const look = (step: string): void => void steps.push(`${step}${existsSync(pathOf('outcome')) ? ' too late' : ''}`);
    const worktrees = {
      recordTree: async () => {
        look('tree');
        return { head: null, tree: 'facade', reason: null };
      },
      headOf: async () => null,
      showBase: async () => null,
      restoreHead: async () => null,
      settingsOf: async () => null,
      makeDurable: async (worktree: string) => {
        look(`sync of ${worktree} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        look('sync ends');
      },
    };
    await settleOutcome(settlement({ worktrees }));
    expect(steps).toEqual(['tree', `sync of ${join(folder, 'worktree')} begins`, 'sync ends']);
    expect(existsSync(pathOf('outcome'))).toBe(true);
  });

  it('links no outcome when the worktree cannot be made durable', async () => {
    const full = new Error('the disk is gone');
    const { worktrees } = settlement();
    const makeDurable = () => Promise.reject(full);
    await expect(settleOutcome(settlement({ worktrees: { ...worktrees, makeDurable } }))).rejects.toBe(full);
    expect(existsSync(pathOf('outcome'))).toBe(false);
  });

  it('the first outcome stands; the second one is kept in late/ and changes nothing', async () => {
    answer('first');
    const first = await settleOutcome(settlement());
    const kept = [TASK_FILES.outcome, TASK_FILES.completion].map((name) => readFileSync(pathOf(name), 'utf8'));
    answer('second');
    const second = settlement({ by: 'host', exit: { code: 3, signal: null } });
    const settled = await settleOutcome(second);
    expect(settled).toEqual({ ...first, isWinner: false });
    expect([TASK_FILES.outcome, TASK_FILES.completion].map((name) => readFileSync(pathOf(name), 'utf8'))).toEqual(kept);
    expect(readdirSync(pathOf(TASK_FILES.late))).toEqual([`${second.nonce}.json`]);
    expect(readFileSync(join(pathOf(TASK_FILES.late), `${second.nonce}.json`), 'utf8')).toContain('PAWL_WORKER_EXIT');
  });

  it('what an interrupted settlement has kept as the answer stands', async () => {
    const kept = { status: 'completed', summary: 'kept', filesChanged: [], verdict: null, problem: null, commands: [] };
    await linkRegister(files, pathOf(TASK_FILES.completion), encode(kept));
    answer('changed since');
    const { outcome } = await settleOutcome(settlement());
    expect(outcome).toMatchObject({
      result: 'completed',
      summary: 'kept',
      completion: { sha256: sha256(encode(kept)) },
    });
  });

  it('an existing outcome that cannot be read is a contradiction', async () => {
    writeFileSync(pathOf(TASK_FILES.outcome), '{}');
    await expect(settleOutcome(settlement())).rejects.toMatchObject({ code: 'PAWL_REGISTER_CONTRADICTION' });
  });
});

describe('revokeClaim', () => {
  it('the first one who abandons has abandoned for all', async () => {
    const first = await revokeClaim(files, join(folder, 'task'), requestHash, 'deadline');
    expect(first).toMatchObject({ isWinner: true, value: { kind: 'revoked', reason: 'deadline', requestHash } });
    const second = await revokeClaim(files, join(folder, 'task'), requestHash, 'cancelled');
    expect(second).toEqual({ ...first, isWinner: false });
  });
});
