/** Operators' commands through the built command line: to a driver that lives, and without one. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CliCall,
  type CliEnd,
  codesOf,
  documentOf,
  type ErrorDocument,
  type RunsDocument,
  runOf,
  until,
} from '../support/pawl-cli.ts';
import { changedPaths, fingerprint } from '../support/scenario-fingerprint.ts';
import { answer, type Plain, packetOf, verdict, write } from '../support/scenario-packet.ts';
import { isAlive } from '../support/scenario-processes.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const scenario = new Scenario();
const gate = join(scenario.repo.root, 'go');
afterAll(() => scenario.end());

/** A worker that never ends, with a grandchild in a session of its own, both deaf to SIGTERM. */
const STUBBORN = [
  { do: 'ignoreSigterm' },
  { do: 'grandchild', forever: true, ignoreSigterm: true, ownSession: true },
  write('half.txt'),
  { do: 'hang' },
];
const QUICK = { grace_ms: 300 };

/** Resolves when the run's worker has started and its grandchild lives; returns the pids of everything in its tree. */
function grandchildOf(runId: string): Promise<number[]> {
  return until('the grandchild', () => {
    const pids = scenario
      .workersOf(runId)
      .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('scripted-grandchild'));
    return pids.length > 0 ? scenario.workersOf(runId) : null;
  });
}

/** The run of that packet, as soon as it has a folder. */
function runIdOf(taskId: string): Promise<string> {
  const folder = join(scenario.registry, 'runs');
  return until(`a run of ${taskId}`, () =>
    existsSync(folder) ? readdirSync(folder).find((name) => name.startsWith(`run_${taskId}_`)) : null,
  );
}

function isJournaled(runId: string, text: string): boolean {
  const journal = scenario.runFile(runId, 'events.jsonl');
  return existsSync(journal) && readFileSync(journal, 'utf8').includes(text);
}

beforeAll(() => {
  scenario.scripted({
    OUTLIVES: { implementation: STUBBORN },
    LEFT: { implementation: [{ do: 'hang' }] },
    A: { implementation: STUBBORN },
    PARKED: { 'review.a1': [verdict('BLOCKED')], 'review.a2': [{ do: 'waitFor', path: gate }, verdict('PASS')] },
    STOPPED: { implementation: [answer({ status: 'blocked' })] },
  });
});

describe('without a driver', () => {
  let outlives = '';
  let pids: readonly number[] = [];
  beforeAll(async () => {
    const packets = scenario.packets(packetOf('OUTLIVES', { limits: QUICK }), packetOf('LEFT'));
    const call = scenario.start('run', '--packets', packets);
    const left = await runIdOf('LEFT');
    outlives = await runIdOf('OUTLIVES');
    await until('the other worker', () => scenario.startsOf(left)[0]);
    pids = await grandchildOf(outlives);
    call.child.kill('SIGKILL');
    await call.ended;
  }, SLOW);

  test('cancel ends a worker that outlived it, and twice is refused', { timeout: SLOW }, async () => {
    expect(pids.length).toBeGreaterThanOrEqual(2);
    expect(pids.filter(isAlive)).toEqual(pids);
    const { code, document } = await scenario.json('cancel', outlives);
    expect(code).toBe(0);
    expect(runOf(document, 'OUTLIVES')).toMatchObject({ state: 'cancelled', lease: null });
    expect(pids.filter(isAlive)).toEqual([]);
    const again = await scenario.json<ErrorDocument>('cancel', outlives);
    expect([again.code, again.document.error.code]).toEqual([2, 'PAWL_COMMAND_REFUSED']);
    expect((await scenario.json('run', outlives)).document.runs).toEqual([
      expect.objectContaining({ state: 'cancelled' }),
    ]);
    expect(scenario.startsOf(outlives)).toEqual(['implementation-e0-a1']);
  });

  test('cancel of a queued run needs no worker', { timeout: SLOW }, async () => {
    const { document } = await scenario.json('intake', scenario.packets(packetOf('MISTAKE')));
    const runId = document.runs[0]?.runId ?? '';
    const cancelled = await scenario.json('cancel', runId, '--reason', 'a mistake');
    expect([cancelled.code, runOf(cancelled.document, 'MISTAKE').state]).toEqual([0, 'cancelled']);
    const { stdout } = await scenario.call('status', runId);
    expect(stdout).toMatch(/^ {4}decided {2}cancel by .+ at \d{4}-.+Z: a mistake$/m);
  });
});

describe('while a driver lives', () => {
  let driver: CliCall;
  let end: CliEnd;
  let parked = '';
  let cancelled = '';
  let pids: readonly number[] = [];
  beforeAll(async () => {
    const packets = scenario.packets(
      packetOf('A', { limits: QUICK }),
      packetOf('PARKED'),
      packetOf('C', { conflict_surface: 'work-of/A/below' }),
    );
    driver = scenario.start('run', '--packets', packets, '--json');
    cancelled = await runIdOf('A');
    pids = await grandchildOf(cancelled);
    parked = await runIdOf('PARKED');
    await until('the parking', () => isJournaled(parked, '"BLOCKED"'));
  }, SLOW);

  test('a person decides for a parked run through it', { timeout: SLOW }, async () => {
    const decided = await scenario.json('resolve', parked, 'retry', '--reason', 'look again');
    expect(decided.code).toBe(0);
    await until('the second review', () => scenario.startsOf(parked).includes('review-e1-a2'));
  });

  test('a second runner is refused with exit 6, and readers are not', { timeout: SLOW }, async () => {
    for (const args of [['run'], ['recover']]) {
      const { code, document } = await scenario.json<ErrorDocument>(...args);
      expect([args[0], code, document.error.code]).toEqual([args[0], 6, 'PAWL_REGISTRY_LOCKED']);
      expect(document.error.message).toContain(String(driver.pid));
    }
    expect(await scenario.status('PARKED')).toMatchObject({
      kind: 'active',
      state: 'internalReview',
      task: { taskId: 'review-e1-a2' },
    });
  });

  test('packets are recorded by it, those that it can', { timeout: SLOW }, async () => {
    const file = scenario.packets(packetOf('PARKED', { scope: { goal: 'Another one' } }), packetOf('LATER'));
    const later = await scenario.json<RunsDocument & { packets: Plain[] }>('intake', file);
    expect(later.code).toBe(3);
    expect(later.document.packets).toMatchObject([
      { taskId: 'PARKED', outcome: 'refused', error: { code: 'PAWL_RUN_CONFLICT' } },
      { taskId: 'LATER', outcome: 'recorded' },
    ]);
    expect(runOf(later.document, 'LATER')).toMatchObject({ kind: 'active', isNew: true });
    const refused = await scenario.json<ErrorDocument>('intake', file, '--all-or-nothing');
    expect([refused.code, refused.document.error.code]).toEqual([3, 'PAWL_RUN_CONFLICT']);
  });

  test('cancel of a run that it does not drive ends what is left of it, and the command ends by itself', {
    timeout: SLOW,
  }, async () => {
    const left = await runIdOf('LEFT');
    expect(scenario.workersOf(left).length).toBeGreaterThan(0);
    const given = await scenario.start('cancel', left, '--json').ended;
    expect([given.code, runOf(documentOf(given), 'LEFT').state]).toEqual([0, 'cancelled']);
    expect(scenario.workersOf(left)).toEqual([]);
  });

  test('cancel ends the worker and all that it started, a run that waits needs none, and the driver ends by itself', {
    timeout: SLOW,
  }, async () => {
    expect(pids.length).toBeGreaterThanOrEqual(2);
    const waiting = await scenario.status('C');
    expect(waiting).toMatchObject({ state: 'waitingForLock', contention: { holder: cancelled } });
    expect(runOf((await scenario.json('cancel', waiting.runId)).document, 'C').state).toBe('cancelled');
    const given = await scenario.json('cancel', cancelled, '--reason', 'no longer needed');
    expect(given.code).toBe(0);
    expect(existsSync(gate)).toBe(false);
    scenario.repo.write(gate, '');
    end = await driver.ended;
    expect(end.code).toBe(0);
    expect(runOf(documentOf(end), 'A')).toMatchObject({
      state: 'cancelled',
      kind: 'terminal',
      lease: null,
      blockers: [],
    });
    expect(runOf(documentOf(end), 'C')).toMatchObject({ state: 'cancelled', tasks: [] });
    expect(pids.filter(isAlive)).toEqual([]);
    expect(scenario.workersOf(cancelled)).toEqual([]);
    expect(scenario.startsOf(cancelled)).toEqual(['implementation-e0-a1']);
    expect(scenario.journal(cancelled).map((record) => record.event)).toContainEqual(
      expect.objectContaining({ type: 'cancelRequested', reason: 'no longer needed', by: expect.stringMatching(/./) }),
    );
    const folder = scenario.runFile(cancelled, 'tasks', 'implementation-e0-a1');
    expect(JSON.parse(readFileSync(join(folder, 'outcome'), 'utf8'))).toMatchObject({
      result: 'cancelled',
      survivors: 0,
    });
  });

  test('it drives what was decided and recorded meanwhile to its end', async () => {
    const { runs } = documentOf(end);
    expect(runs.map((run) => run.taskId)).toEqual(['A', 'PARKED', 'C', 'LATER']);
    expect(runOf({ runs }, 'PARKED').state).toBe('readyForManualReview');
    expect(scenario.startsOf(parked)).toEqual(['implementation-e0-a1', 'review-e1-a1', 'review-e1-a2']);
    expect(runOf({ runs }, 'LATER').state).toBe('readyForManualReview');
    expect(scenario.startsOf(await runIdOf('LATER'))).toHaveLength(2);
    expect((await scenario.json('run')).document.runs).toEqual([]);
  });
});

describe('a command that makes no sense', () => {
  test('is refused with a code, and the run stays as it was', { timeout: SLOW }, async () => {
    const done = await runIdOf('PARKED');
    const { of } = await scenario.run(scenario.packets(packetOf('STOPPED')));
    const { document } = await scenario.json('intake', scenario.packets(packetOf('QUEUED')));
    const [stopped, queued] = [of('STOPPED').runId, runOf(document, 'QUEUED').runId];
    const before = fingerprint(scenario.runFile(done));
    for (const [runId, ...command] of [
      [done, 'resolve', 'retry'],
      [done, 'resolve', 'accept'],
      [done, 'resolve', 'abandon'],
      [done, 'cancel'],
      [stopped, 'resolve', 'accept'],
      [queued, 'resolve', 'retry'],
    ] as const) {
      const [name, ...decision] = command;
      const { code, document: refused } = await scenario.json<ErrorDocument>(name, runId, ...decision, '--reason', 'x');
      expect([runId, ...command, code, refused.error.code]).toEqual([runId, ...command, 2, 'PAWL_COMMAND_REFUSED']);
    }
    expect(changedPaths(before, fingerprint(scenario.runFile(done)))).toEqual([]);
    const status = (await scenario.json('status')).document;
    expect(['PARKED', 'STOPPED', 'QUEUED'].map((taskId) => runOf(status, taskId).state)).toEqual([
      'readyForManualReview',
      'blockedNeedsHuman',
      'queued',
    ]);
    expect(codesOf(runOf(status, 'STOPPED'))).toEqual(['PAWL_WORKER_BLOCKED']);
  });

  test('is a usage error when it cannot be understood', { timeout: SLOW }, async () => {
    for (const [args, wanted] of [
      [['resolve', 'run_x', 'retry'], 'PAWL_USAGE'],
      [['resolve', 'run_x', 'perhaps', '--reason', 'x'], 'PAWL_USAGE'],
      [['resolve', 'run_x', 'retry', '--reason', 'x'], 'PAWL_RUN_UNKNOWN'],
      [['cancel', '../../etc'], 'PAWL_RUN_UNKNOWN'],
      [['cancel'], 'PAWL_USAGE'],
      [['events', 'run_x'], 'PAWL_RUN_UNKNOWN'],
      [['status', 'run_x'], 'PAWL_RUN_UNKNOWN'],
      [['run', 'run_x'], 'PAWL_RUN_UNKNOWN'],
      [['run', '--max-parallel', '0'], 'PAWL_USAGE'],
      [['run', '--max-parallel', 'many'], 'PAWL_USAGE'],
      [['run', '--nonsense'], 'PAWL_USAGE'],
      [['recover', '--take-over'], 'PAWL_USAGE'],
      [['nonsense'], 'PAWL_USAGE'],
    ] as const) {
      const { code, document } = await scenario.json<ErrorDocument>(...args);
      expect([args.join(' '), code, document.error.code]).toEqual([args.join(' '), 2, wanted]);
    }
  });
});
