/** Operators' commands through the built command line: to a driver that lives, and without one. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codesOf, documentOf, type ErrorDocument, type RunsDocument, runOf, until } from '../support/pawl-cli.ts';
import { changedPaths, fingerprint } from '../support/scenario-fingerprint.ts';
import { answer, type Plain, packetOf, verdict, write } from '../support/scenario-packet.ts';
import { isAlive } from '../support/scenario-processes.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 120_000;
let scenario: Scenario;
beforeEach(() => {
  scenario = new Scenario();
});
afterEach(() => scenario.end());

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

describe('cancel', () => {
  test('through a live driver ends the worker and all that it started, and the run is cancelled', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({ A: { implementation: STUBBORN } });
    const call = scenario.start(
      'run',
      '--packets',
      scenario.packets(
        packetOf('A', { limits: QUICK }),
        packetOf('B'),
        packetOf('C', { conflict_surface: 'work-of/A/below' }),
      ),
      '--json',
    );
    const start = await until('a worker', () => scenario.starts().find((each) => each.runId.startsWith('run_A_')));
    const pids = await grandchildOf(start.runId);
    expect(pids.length).toBeGreaterThanOrEqual(2);

    const waiting = await scenario.status('C');
    expect(waiting).toMatchObject({ state: 'waitingForLock', contention: { holder: start.runId } });
    expect(runOf((await scenario.json('cancel', waiting.runId)).document, 'C').state).toBe('cancelled');
    const cancelled = await scenario.json('cancel', start.runId, '--reason', 'no longer needed');
    expect(cancelled.code).toBe(0);
    const end = await call.ended;
    expect(end.code).toBe(0);
    expect(runOf(documentOf(end), 'A')).toMatchObject({
      state: 'cancelled',
      kind: 'terminal',
      lease: null,
      blockers: [],
    });
    expect(runOf(documentOf(end), 'B').state).toBe('readyForManualReview');
    expect(runOf(documentOf(end), 'C')).toMatchObject({ state: 'cancelled', tasks: [] });
    expect(pids.filter(isAlive)).toEqual([]);
    expect(scenario.workersOf(start.runId)).toEqual([]);
    expect(scenario.startsOf(start.runId)).toEqual(['implementation-e0-a1']);
    expect(scenario.journal(start.runId).map((record) => record.event)).toContainEqual(
      expect.objectContaining({ type: 'cancelRequested', reason: 'no longer needed', by: expect.stringMatching(/./) }),
    );
    const folder = scenario.runFile(start.runId, 'tasks', 'implementation-e0-a1');
    expect(JSON.parse(readFileSync(join(folder, 'outcome'), 'utf8'))).toMatchObject({
      result: 'cancelled',
      survivors: 0,
    });
  });

  test('without a driver ends a worker that outlived it, and twice is refused', { timeout: SLOW }, async () => {
    scenario.scripted({ A: { implementation: STUBBORN } });
    const call = scenario.start('run', '--packets', scenario.packets(packetOf('A', { limits: QUICK })));
    const start = await until('a worker', () => scenario.starts()[0]);
    const pids = await grandchildOf(start.runId);
    call.child.kill('SIGKILL');
    await call.ended;
    expect(pids.filter(isAlive)).toEqual(pids);

    const { code, document } = await scenario.json('cancel', start.runId);
    expect(code).toBe(0);
    expect(runOf(document, 'A')).toMatchObject({ state: 'cancelled', lease: null });
    expect(pids.filter(isAlive)).toEqual([]);
    const again = await scenario.json<ErrorDocument>('cancel', start.runId);
    expect([again.code, again.document.error.code]).toEqual([2, 'PAWL_COMMAND_REFUSED']);
    expect((await scenario.json('run')).document.runs).toEqual([]);
    expect(scenario.startsOf(start.runId)).toEqual(['implementation-e0-a1']);
  });

  test('of a run that the live driver does not drive ends what is left of it, and both commands end by themselves', {
    timeout: SLOW,
  }, async () => {
    const gate = join(scenario.repo.root, 'go');
    const waits = [write('waits.sh', `while [ ! -e ${gate} ]; do sleep 0.05; done\n`), answer()];
    scenario.scripted({ LEFT: { implementation: [{ do: 'hang' }] }, DRIVEN: { implementation: waits } });
    const killed = scenario.start('run', '--packets', scenario.packets(packetOf('LEFT')));
    const left = await until('a worker', () => scenario.starts()[0]);
    killed.child.kill('SIGKILL');
    await killed.ended;

    const driven = packetOf('DRIVEN', { verification: { commands: ['sh waits.sh'] } });
    const call = scenario.start('run', '--packets', scenario.packets(driven), '--json');
    await until('the driven worker', () => scenario.starts().find(({ runId }) => runId.includes('DRIVEN')));
    const cancelled = await scenario.json('cancel', left.runId);
    expect([cancelled.code, runOf(cancelled.document, 'LEFT').state]).toEqual([0, 'cancelled']);
    expect(scenario.workersOf(left.runId)).toEqual([]);
    scenario.repo.write(gate, '');
    const end = await call.ended;
    expect([end.code, runOf(documentOf(end), 'DRIVEN').state]).toEqual([0, 'readyForManualReview']);
  });

  test('of a queued run needs no worker', { timeout: SLOW }, async () => {
    const { document } = await scenario.json('intake', scenario.packets(packetOf('A')));
    const runId = document.runs[0]?.runId ?? '';
    const cancelled = await scenario.json('cancel', runId, '--reason', 'a mistake');
    expect([cancelled.code, runOf(cancelled.document, 'A').state]).toEqual([0, 'cancelled']);
  });
});

describe('a command that makes no sense', () => {
  test('is refused with a code, and the run stays as it was', { timeout: SLOW }, async () => {
    scenario.scripted({ PARKED: { implementation: [answer({ status: 'blocked' })] } });
    const { of } = await scenario.run(scenario.packets(packetOf('DONE'), packetOf('PARKED')));
    const { document } = await scenario.json('intake', scenario.packets(packetOf('QUEUED')));
    const [done, parked, queued] = [of('DONE').runId, of('PARKED').runId, runOf(document, 'QUEUED').runId];
    const before = fingerprint(scenario.runFile(done));
    for (const [runId, ...command] of [
      [done, 'resolve', 'retry'],
      [done, 'resolve', 'accept'],
      [done, 'resolve', 'abandon'],
      [done, 'cancel'],
      [parked, 'resolve', 'accept'],
      [queued, 'resolve', 'retry'],
    ] as const) {
      const [name, ...decision] = command;
      const { code, document: refused } = await scenario.json<ErrorDocument>(name, runId, ...decision, '--reason', 'x');
      expect([runId, ...command, code, refused.error.code]).toEqual([runId, ...command, 2, 'PAWL_COMMAND_REFUSED']);
    }
    expect(changedPaths(before, fingerprint(scenario.runFile(done)))).toEqual([]);
    const status = (await scenario.json('status')).document;
    expect(status.runs.map((run) => [run.taskId, run.state])).toEqual([
      ['DONE', 'readyForManualReview'],
      ['PARKED', 'blockedNeedsHuman'],
      ['QUEUED', 'queued'],
    ]);
    expect(codesOf(runOf(status, 'PARKED'))).toEqual(['PAWL_WORKER_BLOCKED']);
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

describe('a second runner', () => {
  test('is refused with exit 6 while the first lives; packets are taken in by the first, which drives them too', {
    timeout: SLOW,
  }, async () => {
    const gate = join(scenario.repo.root, 'go');
    const waits = [write('waits.sh', `while [ ! -e ${gate} ]; do sleep 0.05; done\n`), answer()];
    scenario.scripted({ A: { implementation: waits } });
    const packets = scenario.packets(packetOf('A', { verification: { commands: ['sh waits.sh'] } }));
    const call = scenario.start('run', '--packets', packets, '--json');
    await until('the verification', () => {
      const folder = join(scenario.registry, 'runs');
      const [runId] = existsSync(folder) ? readdirSync(folder) : [];
      return runId !== undefined && existsSync(scenario.runFile(runId, 'tasks/verification-e1-a1/agent.json'));
    });
    for (const args of [['run'], ['recover']]) {
      const { code, document } = await scenario.json<ErrorDocument>(...args);
      expect([args[0], code, document.error.code]).toEqual([args[0], 6, 'PAWL_REGISTRY_LOCKED']);
      expect(document.error.message).toContain(String(call.pid));
    }
    const status = await scenario.json('status');
    expect(runOf(status.document, 'A')).toMatchObject({
      kind: 'active',
      state: 'verification',
      task: { taskId: 'verification-e1-a1' },
    });
    const file = scenario.packets(packetOf('A', { scope: { goal: 'Another one' } }), packetOf('LATER'));
    const later = await scenario.json<RunsDocument & { packets: Plain[] }>('intake', file);
    expect(later.code).toBe(3);
    expect(later.document.packets).toMatchObject([
      { taskId: 'A', outcome: 'refused', error: { code: 'PAWL_RUN_CONFLICT' } },
      { taskId: 'LATER', outcome: 'recorded' },
    ]);
    expect(runOf(later.document, 'LATER')).toMatchObject({ kind: 'active', isNew: true });
    const refused = await scenario.json<ErrorDocument>('intake', file, '--all-or-nothing');
    expect([refused.code, refused.document.error.code]).toEqual([3, 'PAWL_RUN_CONFLICT']);
    scenario.repo.write(gate, '');
    const end = await call.ended;
    expect(end.code).toBe(0);
    expect(documentOf(end).runs.map((run) => [run.taskId, run.state])).toEqual([
      ['A', 'readyForManualReview'],
      ['LATER', 'readyForManualReview'],
    ]);
    expect(scenario.starts()).toHaveLength(4);
  });

  test('may decide for a parked run through the one that lives', { timeout: SLOW }, async () => {
    const gate = join(scenario.repo.root, 'go');
    scenario.repo.write(join(scenario.repo.root, 'wait.sh'), `while [ ! -e ${gate} ]; do sleep 0.05; done\n`);
    scenario.scripted({ PARKED: { 'review.a1': [verdict('BLOCKED')] } });
    const slow = packetOf('SLOW', { verification: { commands: [`sh ${scenario.repo.root}/wait.sh`] } });
    const call = scenario.start('run', '--packets', scenario.packets(packetOf('PARKED'), slow), '--json');
    const parked = await until('the parking', () => {
      const folder = join(scenario.registry, 'runs');
      const runId = existsSync(folder) ? readdirSync(folder).find((name) => name.includes('PARKED')) : undefined;
      const isParked =
        runId !== undefined &&
        existsSync(scenario.runFile(runId, 'events.jsonl')) &&
        readFileSync(scenario.runFile(runId, 'events.jsonl'), 'utf8').includes('"BLOCKED"');
      return isParked ? runId : null;
    });
    const decided = await scenario.json('resolve', parked, 'retry', '--reason', 'look again');
    expect(decided.code).toBe(0);
    await until('the second review', () => scenario.startsOf(parked).includes('review-e1-a2'));
    scenario.repo.write(gate, '');
    const end = await call.ended;
    expect(end.code).toBe(0);
    expect(runOf(documentOf(end), 'PARKED').state).toBe('readyForManualReview');
    expect(scenario.startsOf(parked)).toEqual(['implementation-e0-a1', 'review-e1-a1', 'review-e1-a2']);
  });
});
