/** What a worker puts in the place of its stdout and stderr keeps no task from being settled, and is named where it matters. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adapterOf } from '../../src/adapters/agents/adapters.ts';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import type { TurnRequest } from '../../src/model/turn.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { Files } from '../../src/store/files.ts';
import { type Settlement, settleOutcome } from '../../src/worker/outcome.ts';
import { TurnFollower, UnreadableTurn } from '../../src/worker/turn-output.ts';
import { plainRequest, plainTurn } from '../host/plain-request.ts';
import { toldOutcome } from '../support/told-ends.ts';

const TURN: TurnRequest = { ...plainTurn, answerSchema: { type: 'object' }, firstEventMs: 5_000 };

let folder: string;
let refusing: FsPort;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-unreadable-'));
  mkdirSync(join(folder, 'task'));
  mkdirSync(join(folder, 'worktree'));
  writeFileSync(join(folder, 'worktree', 'answer.json'), JSON.stringify({ status: 'completed', summary: 'done' }));
  refusing = nodeFs;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pathOf = (name: string): string => join(folder, 'task', name);

/** What is put in the place of a file. */
const PUT: Readonly<Record<string, (path: string) => void>> = {
  'a folder': (path) => mkdirSync(path),
  'a pipe': (path) => void execFileSync('mkfifo', [path]),
  'a link': (path) => symlinkSync('/etc/passwd', path),
  'a dead link': (path) => symlinkSync('/nowhere', path),
  // As `chmod 000` by a worker of any user but root.
  'a file that may not be read': (path) => {
    writeFileSync(path, 'secret');
    const refuse = (): never => {
      throw Object.assign(new Error('EACCES: injected'), { code: 'EACCES', syscall: 'open', path });
    };
    refusing = { ...nodeFs, open: (at, mode) => (at === path ? refuse() : nodeFs.open(at, mode)) };
  },
};

function settlement(turn: TurnRequest | null, log: string[]): Settlement {
  const cwd = join(folder, 'worktree');
  const request = {
    ...plainRequest,
    purpose: 'implementation' as const,
    cwd,
    completionFile: join(cwd, 'answer.json'),
  };
  return {
    files: new Files(refusing, systemClock),
    worktrees: {
      recordTree: async () => ({ head: null, tree: null, reason: null }),
      headOf: async () => null,
      showBase: async () => null,
      restoreHead: async () => null,
      settingsOf: async () => null,
      makeDurable: async () => undefined,
    },
    adapterOf,
    taskFolder: join(folder, 'task'),
    request: turn === null ? request : { ...request, turn },
    requestHash: 'a'.repeat(64),
    by: 'host',
    nonce: 'n',
    exit: { code: 0, signal: null },
    forced: null,
    orphanResult: 'interrupted',
    startedAtMs: 5,
    log: (line) => void log.push(line),
  };
}

/** The outcome that comes of it, in words. */
async function settled(given: Settlement) {
  const { outcome } = await settleOutcome(given);
  return toldOutcome(outcome);
}

describe.each(Object.entries(PUT))('%s', (name, put) => {
  it.each([TASK_FILES.stderr, TASK_FILES.output])(
    "in the place of a command's %s: settled by its answer, without a digest, and the log says of which path",
    async (file) => {
      put(pathOf(file));
      const log: string[] = [];
      const outcome = await settled(settlement(null, log));
      expect(outcome).toMatchObject({ result: 'completed', message: 'done', output: null, stderr: null });
      expect(log.join('\n')).toContain(pathOf(file));
    },
  );

  it("in the place of an agent's events: its turn cannot be read, and the message names the path", async () => {
    put(pathOf(TASK_FILES.output));
    const outcome = await settled(settlement(TURN, []));
    const isOnlyShut = name === 'a file that may not be read';
    expect([outcome.result, outcome.code]).toEqual(
      isOnlyShut ? ['interrupted', 'PAWL_WORKER_INTERRUPTED'] : ['failed', 'PAWL_AGENT_UNREADABLE'],
    );
    expect(outcome.message).toContain(pathOf(TASK_FILES.output));
  });

  it('in the place of output that would be cut: nothing is cut', async () => {
    put(pathOf(TASK_FILES.output));
    const given = settlement(null, []);
    const limits = { ...plainRequest.limits, outputBytesMax: 1 };
    const outcome = await settled({
      ...given,
      forced: 'outputLimit',
      request: { ...given.request, limits },
    });
    expect(outcome).toMatchObject({ code: 'PAWL_WORKER_OUTPUT_LIMIT', output: null });
  });
});

it.each(['a folder', 'a pipe', 'a link'])(
  '%s in the place of events that are followed is an unreadable turn',
  (name) => {
    PUT[name]?.(pathOf(TASK_FILES.output));
    const follower = new TurnFollower(new Files(nodeFs, systemClock), join(folder, 'task'), adapterOf('claude'));
    expect(() => follower.look()).toThrow(UnreadableTurn);
  },
);

it('a disk that fails while output is read is not taken for a doing of the worker, and the failure names the path', async () => {
  writeFileSync(pathOf(TASK_FILES.stderr), 'words');
  const fail = (): never => {
    throw Object.assign(new Error('EIO: injected'), { code: 'EIO', syscall: 'read' });
  };
  refusing = { ...nodeFs, read: fail };
  await expect(settleOutcome(settlement(null, []))).rejects.toMatchObject({
    code: 'PAWL_STORE_FAILED',
    message: `could not read ${pathOf(TASK_FILES.stderr)}: EIO`,
  });
  rmSync(join(folder, 'worktree', 'answer.json'));
  refusing = { ...nodeFs, sync: fail };
  await expect(settleOutcome(settlement(null, []))).rejects.toMatchObject({
    code: 'PAWL_STORE_SYNC_FAILED',
    subject: pathOf(TASK_FILES.stderr),
  });
});
