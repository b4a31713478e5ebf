/** Runs that the release before has begun: they are shown, refused by name, hold what they held, and are never changed. */
import { cpSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { codesOf, type ErrorDocument, type RunsDocument, runOf } from '../support/pawl-cli.ts';
import { changedPaths, type Fingerprint, fingerprint } from '../support/scenario-fingerprint.ts';
import { type Plain, packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const JOURNALS = fileURLToPath(new URL('../fixtures/journals/2/', import.meta.url));
const RUNS = readdirSync(JOURNALS).filter((name) => name.startsWith('run_'));
const idOf = (taskId: string): string => RUNS.find((runId) => runId.startsWith(`run_${taskId}_`)) ?? taskId;

/** What ended well, was parked, was cut off behind its snapshot, was queued and has no snapshot, has failed. */
const [DONE, PARKED, CUT, UNSEEN, FAILED] = ['OLD-1', 'OLD-2', 'OLD-3', 'OLD-4', 'OLD-5'].map(idOf) as [
  string,
  string,
  string,
  string,
  string,
];
const OPEN = [PARKED, CUT, UNSEEN];
const SAYS = (who: string) =>
  `${who} was begun by an earlier version of Pawl (rules 2), and this version cannot continue it.`;
const TODO = 'Finish or abandon it with the version of Pawl that began it.';

const scenario = new Scenario();
let before: Fingerprint;

/** All that there is of the runs of the release before. */
function printOfThem(): Fingerprint {
  return new Map(
    RUNS.filter((runId) => existsSync(scenario.runFile(runId))).flatMap((runId) =>
      [...fingerprint(scenario.runFile(runId))].map(([path, print]) => [`${runId}/${path}`, print] as const),
    ),
  );
}

/** The packet of such a run, as it was given to that release. */
function packetOfRun(taskId: string): Plain {
  const { packets } = JSON.parse(readFileSync(join(JOURNALS, 'packets.json'), 'utf8')) as { packets: Plain[] };
  const packet = packets.find((each) => each.task_id === taskId);
  if (packet === undefined) throw new Error(`no packet ${taskId}`);
  return packet;
}

const viewOf = async (runId: string) => {
  const [view] = (await scenario.json('status', runId)).document.runs;
  if (view === undefined) throw new Error(`no view of ${runId}`);
  return view;
};

beforeAll(async () => {
  scenario.scripted({});
  const end = await scenario.call('intake', scenario.packets(packetOf('NEW')));
  expect(end.code, end.stderr).toBe(0);
  for (const runId of RUNS) cpSync(join(JOURNALS, runId), scenario.runFile(runId), { recursive: true });
}, SLOW);
beforeEach(() => {
  before = printOfThem();
});
afterEach(() => {
  expect(changedPaths(before, printOfThem())).toEqual([]);
  for (const runId of RUNS) expect(existsSync(scenario.runFile(runId, 'quarantined'))).toBe(false);
});
afterAll(() => scenario.end());

describe('a run that the release before has begun is shown', () => {
  test('by status as blocked, with the reason and what to do in words', { timeout: SLOW }, async () => {
    const { code, document } = await scenario.json('status');
    expect(code).toBe(0);
    for (const runId of OPEN) {
      const view = document.runs.find((each) => each.runId === runId);
      expect(view).toMatchObject({ kind: 'blocked', earlierRules: 2, liveness: null, pending: null });
      expect(view?.blockers).toMatchObject([
        {
          code: 'PAWL_RULES_UNSUPPORTED',
          hint: expect.stringContaining(TODO),
          message: expect.stringContaining(SAYS('This run')),
        },
      ]);
      expect(view?.nextSafeAction).toEqual({
        kind: 'otherVersion',
        label: 'finish or abandon it with the version of Pawl that began it',
        argv: null,
        command: null,
      });
      expect(view?.actions.flatMap(({ command }) => command ?? [])).toEqual([`pawl events ${runId}`]);
    }
    const text = (await scenario.call('status')).stdout;
    expect(text.split(SAYS('This run'))).toHaveLength(OPEN.length + 1);
    expect(text).not.toMatch(/pawl (run|resolve|cancel|recover) run_OLD/);
  });

  test('in the state of its snapshot, else of its first record', { timeout: SLOW }, async () => {
    expect(await viewOf(PARKED)).toMatchObject({ state: 'blockedNeedsHuman', seq: 16, epoch: 1, branch: 'pawl/old-2' });
    const cut = await viewOf(CUT);
    expect(cut).toMatchObject({ state: 'queued', seq: 6, branch: 'pawl/old-3' });
    expect(cut.blockers[0]?.message).toContain('It is shown as of record 1 of 6; its events tell what happened since.');
    expect(await viewOf(UNSEEN)).toMatchObject({ state: 'unknown', seq: 1, branch: 'pawl/old-4', taskId: 'OLD-4' });
    const { stdout } = await scenario.call('status', UNSEEN, '--picture');
    expect(stdout).toContain('■ unknown PAWL_RULES_UNSUPPORTED');
    expect(stdout).not.toContain('✓');
  });

  test('with all that it may hold, where its snapshot does not tell', { timeout: SLOW }, async () => {
    const held = async (runId: string) => (await viewOf(runId)).lease?.surfaces;
    expect(await held(PARKED)).toContain('path:shop/cart/src/price.mjs');
    expect(await held(CUT)).toContain('path:shop/cart/src/keep.mjs');
    expect(await held(UNSEEN)).toContain('path:shop/cart/src/code.mjs');
  });

  test('as it was, where it has ended', { timeout: SLOW }, async () => {
    const done = await viewOf(DONE);
    expect(done).toMatchObject({ state: 'readyForManualReview', kind: 'terminal', blockers: [], seq: 17 });
    expect(done.actions.map(({ kind }) => kind)).toEqual(['review']);
    const failed = await viewOf(FAILED);
    expect(failed).toMatchObject({ state: 'failedExecution', kind: 'terminal' });
    expect(codesOf(failed)).toEqual(['PAWL_WORKER_EXIT', 'PAWL_ATTEMPTS_EXHAUSTED']);
    // Pawl would refuse a retry of it.
    expect(failed.actions.map(({ kind }) => kind)).toEqual(['inspect', 'intakeAgain']);
  });

  test('by show and events, with every record', { timeout: SLOW }, async () => {
    for (const runId of OPEN) {
      const shown = await scenario.call('show', runId);
      expect(shown.code, shown.stderr).toBe(0);
      expect(shown.stdout).toContain(SAYS('This run'));
      const told = await scenario.call('events', runId);
      expect(told.code, told.stderr).toBe(0);
      expect(told.stdout).toContain(`now       blocked: PAWL_RULES_UNSUPPORTED: ${SAYS('This run')}`);
      const { document } = await scenario.json<{ events: { seq: number; event: { type: string } }[] }>('events', runId);
      expect(document.events.map(({ seq }) => seq)).toEqual(scenario.journal(runId).map(({ seq }) => seq));
    }
    expect((await scenario.call('events', CUT)).stdout).toContain('implementation: started, pid ');
    expect((await scenario.call('events', CUT, '--mermaid')).stdout).toContain('start (scripted)');
  });
});

describe('a run that the release before has begun is refused', () => {
  const REFUSED: readonly (readonly [command: string, runId: string, ...more: string[]])[] = [
    ['run', PARKED],
    ['run', CUT],
    ['run', UNSEEN],
    ['cancel', CUT],
    ['resolve', PARKED, 'retry', '--reason', 'the server was down'],
    ['resolve', PARKED, 'abandon', '--reason', 'not needed'],
    ['resolve', UNSEEN, 'accept', '--reason', 'good enough'],
    ['resolve', FAILED, 'retry', '--reason', 'the server was down'],
  ];
  test.each(REFUSED.map((args) => [args.join(' '), args] as const))(
    'by pawl %s',
    { timeout: SLOW },
    async (_, args) => {
      const { code, document } = await scenario.json<ErrorDocument>(...args);
      expect(code).toBe(3);
      expect(document.error).toMatchObject({
        code: 'PAWL_RULES_UNSUPPORTED',
        message: `${SAYS(args[1])} Nothing was changed.`,
        hint: expect.stringContaining(TODO),
        subject: args[1],
      });
    },
  );

  test('where its packet is to be replaced', { timeout: SLOW }, async () => {
    const edited = { ...packetOfRun('OLD-2'), scope: { goal: 'Another one', acceptance_criteria: ['It works'] } };
    const file = scenario.packets(edited);
    const { code, document } = await scenario.json<{ packets: { outcome: string; error: { code: string } }[] }>(
      'intake',
      file,
      '--replace',
      '--reason',
      'a better goal',
    );
    expect([code, document.packets]).toMatchObject([
      3,
      [{ outcome: 'refused', error: { code: 'PAWL_RULES_UNSUPPORTED' } }],
    ]);
  });

  test('where its packet comes again; with --again that becomes a new run, which waits for what this one holds', {
    timeout: SLOW,
  }, async () => {
    const file = scenario.packets(packetOfRun('OLD-2'), packetOfRun('OLD-3'), packetOfRun('OLD-1'));
    const first = await scenario.json<{ packets: Plain[] }>('intake', file);
    expect(first.code).toBe(3);
    expect(first.document.packets).toMatchObject([
      { runId: PARKED, outcome: 'refused', error: { code: 'PAWL_RULES_UNSUPPORTED' } },
      { runId: CUT, outcome: 'refused', error: { code: 'PAWL_RULES_UNSUPPORTED' } },
      { runId: DONE, outcome: 'present' },
    ]);
    const config = JSON.parse(readFileSync(join(scenario.path, 'pawl.config.json'), 'utf8')) as Plain;
    scenario.config({ ...config, verification: { allow: ['node --test *', 'true'] } });
    const again = await scenario.json<RunsDocument>(
      'run',
      '--again',
      '--packets',
      scenario.packets(packetOfRun('OLD-2'), packetOfRun('OLD-3')),
    );
    expect(again.code).toBe(3);
    for (const [taskId, holder] of [
      ['OLD-2', PARKED],
      ['OLD-3', CUT],
    ] as const)
      expect(runOf(again.document, taskId)).toMatchObject({
        runId: `${holder}_r2`,
        state: 'blockedLockConflict',
        contention: { holder },
      });
    expect(runOf(again.document, 'OLD-2').actions[0]).toMatchObject({
      kind: 'otherVersion',
      label: `${PARKED} holds it: finish or abandon it with the version of Pawl that began it`,
    });
  });
});

describe('beside runs that the release before has begun', () => {
  test('pawl run drives the others, names each open one and exits 3', { timeout: SLOW }, async () => {
    const { code, document } = await scenario.json('run');
    expect(code).toBe(3);
    expect(runOf(document, 'NEW')).toMatchObject({ state: 'readyForManualReview' });
    for (const runId of OPEN)
      expect(document.runs.find((run) => run.runId === runId)).toMatchObject({
        kind: 'blocked',
        blockers: [{ code: 'PAWL_RULES_UNSUPPORTED' }],
      });
  });

  test.each([[['recover', '--dry-run']], [['recover']]])(
    'pawl %j reports them and sets nothing aside',
    {
      timeout: SLOW,
    },
    async (args) => {
      const { code, document } = await scenario.json<RunsDocument & { quarantined: unknown[] }>(...args);
      expect([code, document.quarantined]).toEqual([3, []]);
      for (const runId of OPEN)
        expect(document.runs.find((run) => run.runId === runId)).toMatchObject({ kind: 'blocked', findings: [] });
    },
  );

  test('a last line that is cut off stays as it is', { timeout: SLOW }, async () => {
    const journal = scenario.runFile(CUT, 'events.jsonl');
    const whole = readFileSync(journal);
    truncateSync(journal, whole.length - 20);
    before = printOfThem();
    expect((await scenario.json('recover')).code).toBe(3);
    expect(changedPaths(before, printOfThem())).toEqual([]);
    writeFileSync(journal, whole);
    before = printOfThem();
  });

  test('a snapshot that its journal does not prove is not shown, and frees nothing', { timeout: SLOW }, async () => {
    const snapshot = scenario.runFile(PARKED, 'snapshot.json');
    const whole = readFileSync(snapshot, 'utf8');
    writeFileSync(snapshot, whole.replace('"value":"blockedNeedsHuman"', '"value":"cancelled"'));
    expect(readFileSync(snapshot, 'utf8')).not.toBe(whole);
    const view = await viewOf(PARKED);
    expect(view).toMatchObject({ state: 'unknown', kind: 'blocked' });
    expect(view.lease?.surfaces).toContain('path:shop/cart/src/price.mjs');
    writeFileSync(snapshot, whole);
    before = printOfThem();
  });

  test('pawl clean removes those that have ended, and leaves the others', { timeout: SLOW }, async () => {
    const kept = (path: string): boolean => OPEN.some((runId) => path.startsWith(`${runId}/`));
    const end = await scenario.call('clean', '--folders', '--larger-than', '0');
    expect(end.code, end.stderr).toBe(0);
    expect([existsSync(scenario.runFile(DONE)), existsSync(scenario.runFile(FAILED))]).toEqual([false, false]);
    before = new Map([...before].filter(([path]) => kept(path)));
  });
});
