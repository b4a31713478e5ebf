/** Packets through the built command line: what is recorded, what is refused, and that nothing is recorded by halves. */
import { existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { codesOf, documentOf, type ErrorDocument, type RunsDocument, runOf } from '../support/pawl-cli.ts';
import { changedPaths, fingerprint } from '../support/scenario-fingerprint.ts';
import { answer, type Plain, packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
let scenario: Scenario;

function eachInAScenarioOfItsOwn(): void {
  beforeEach(() => {
    scenario = new Scenario();
  });
  afterEach(() => scenario.end());
}

function runIds(): string[] {
  const folder = join(scenario.registry, 'runs');
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function raw(text: string): string {
  const path = join(scenario.repo.root, 'raw.json');
  writeFileSync(path, text);
  return path;
}

/** The code of the error that the call ended with. */
async function refusal(...args: readonly string[]): Promise<[number | null, string]> {
  const { code, document } = await scenario.json<ErrorDocument>(...args);
  expect(document).toEqual({
    error: {
      code: expect.any(String),
      message: expect.any(String),
      subject: expect.any(String),
      hint: expect.any(String),
    },
  });
  return [code, document.error.code];
}

describe('one file, from its first intake to another run of each of its packets', () => {
  /** What came of it, in the order in which it was done. */
  let turned: unknown;
  let first: { code: number | null; document: RunsDocument };
  let twice: RunsDocument;
  let startsBeforeDrive = 0;
  let driven: RunsDocument;
  let startsOfDrive = 0;
  let undriven: RunsDocument;
  let runIdsBefore: readonly string[] = [];
  let again: RunsDocument;
  const linked = (): string => join(scenario.repo.root, 'linked');

  /** The call from that folder, with --json. */
  const from = async (cwd: string, ...args: readonly string[]): Promise<RunsDocument> =>
    documentOf(await scenario.callIn(cwd, {}, ...args, '--json'));

  beforeAll(async () => {
    scenario = new Scenario();
    const once = { implementation: [{ do: 'append', path: 'work-of/GOOD/log.txt', text: 'once more\n' }, answer()] };
    const fails = { implementation: [answer({ status: 'failed', summary: 'no' })] };
    scenario.scripted({ GOOD: once, FAILS: fails });
    // Its base stays where it is when main continues.
    scenario.repo.git(['branch', 'stable']);
    const target = { repo: 'acme/widget', issue_number: 1, intended_branch: 'work/GOOD', base_branch: 'stable' };
    const good = packetOf('GOOD', { scm_target: target });
    turned = Object.fromEntries(Object.entries(good).reverse());
    const failing = packetOf('FAILS', { limits: { attempts_max: 1 } });
    const packets = scenario.packets(packetOf('WEAK', { review: {} }), good, turned, failing);
    first = await scenario.json('intake', packets);
    twice = (await scenario.json('intake', scenario.packets(turned), '--again')).document;
    startsBeforeDrive = scenario.starts().length;

    scenario.repo.git(['worktree', 'add', '--quiet', linked(), '-b', 'elsewhere']);
    driven = await from(join(linked(), 'src'), 'run');
    startsOfDrive = scenario.starts().length;
    undriven = (await scenario.json('run', '--packets', packets)).document;
    runIdsBefore = runIds();

    // The branch is the user's as soon as the run has ended.
    scenario.repo.git(['checkout', '--quiet', 'work/FAILS']);
    scenario.repo.git(['checkout', '--quiet', 'main']);
    scenario.repo.write('later.txt', 'later\n');
    scenario.repo.git(['add', 'later.txt']);
    scenario.repo.git(['commit', '--quiet', '-m', 'Main goes on']);
    scenario.scripted({ GOOD: once });
    again = (await scenario.json('run', '--packets', scenario.packets(good, failing), '--again')).document;
  }, SLOW);
  afterAll(() => scenario.end());

  test('records a weak packet as blocked, invents nothing and drives nothing', () => {
    expect(first.code).toBe(3);
    const weak = runOf(first.document, 'WEAK');
    expect(weak).toMatchObject({ state: 'blockedPlanInsufficient', kind: 'terminal' });
    expect(codesOf(weak)).toEqual(['PAWL_PACKET_INSUFFICIENT']);
    expect(weak.blockers[0]?.message).toContain('review.criteria_or_reviewer_plan');
    expect(runOf(first.document, 'GOOD').state).toBe('queued');
    expect(startsBeforeDrive).toBe(0);
    expect(scenario.startsOf(weak.runId)).toEqual([]);
  });

  test('is the same packet however its keys are ordered, and is recorded once before its end, even with --again', () => {
    expect(first.document.runs.map((run) => run.taskId)).toEqual(['WEAK', 'GOOD', 'FAILS']);
    const { runId } = runOf(first.document, 'GOOD');
    expect(twice.runs).toEqual([expect.objectContaining({ runId, isNew: false })]);
    expect(runOf(driven, 'GOOD')).toMatchObject({ runId, state: 'readyForManualReview' });
  });

  test('is not driven again after its end, unless --again says so: then it is another run', () => {
    const { runId } = runOf(first.document, 'GOOD');
    expect(undriven.runs.map((run) => [run.taskId, run.runId])).toEqual(
      first.document.runs.map((run) => [run.taskId, run.runId]),
    );
    expect(runIdsBefore).toHaveLength(3);
    expect(startsOfDrive).toBe(3);
    expect(scenario.starts()).toHaveLength(7);
    expect(runOf(again, 'GOOD')).toMatchObject({ runId: `${runId}_r2`, state: 'readyForManualReview' });
    expect(scenario.startsOf(`${runId}_r2`)).toHaveLength(2);
    expect(runIds()).toHaveLength(5);
  });

  test('begins again after a failure on its empty branch, where the base is now', () => {
    const failed = runOf(driven, 'FAILS');
    expect(failed.state).toBe('failedExecution');
    expect(runOf(again, 'FAILS')).toMatchObject({ state: 'readyForManualReview', runId: `${failed.runId}_r2` });
    expect(scenario.repo.git(['merge-base', 'main', 'work/FAILS'])).toBe(scenario.repo.git(['rev-parse', 'main']));
  });

  test('has the same registry and config in a subfolder and in a linked worktree', async () => {
    const places = [join(scenario.path, 'src'), linked(), join(linked(), 'src')];
    const here = (await scenario.json('status')).document;
    for (const document of await Promise.all(places.map((cwd) => from(cwd, 'status')))) expect(document).toEqual(here);
    expect(existsSync(join(linked(), '.pawl'))).toBe(false);
  });
});

describe('intake', () => {
  eachInAScenarioOfItsOwn();

  test('refuses an edited packet for the branch of a live run and records the rest of its file, or nothing when so asked', {
    timeout: SLOW,
  }, async () => {
    await scenario.json('intake', scenario.packets(packetOf('A')));
    const [first = ''] = runIds();
    const edited = packetOf('A', { scope: { goal: 'Something else' } });
    const packets = scenario.packets(packetOf('B'), edited, packetOf('A'));
    const before = fingerprint(scenario.registry);
    for (const args of [
      ['intake', packets],
      ['run', '--packets', packets],
    ])
      expect(await refusal(...args, '--all-or-nothing')).toEqual([3, 'PAWL_RUN_CONFLICT']);
    expect(
      changedPaths(before, fingerprint(scenario.registry)).filter((path) => !/^(?:lock|released)\./.test(path)),
    ).toEqual([]);

    const { code, document } = await scenario.json<RunsDocument & { packets: Plain[] }>('intake', packets);
    expect(code).toBe(3);
    expect(document.packets).toEqual([
      { taskId: 'B', runId: expect.stringMatching(/^run_B_/), outcome: 'recorded', error: null },
      {
        taskId: 'A',
        runId: expect.stringMatching(/^run_A_/),
        outcome: 'refused',
        error: {
          code: 'PAWL_RUN_CONFLICT',
          message: expect.stringContaining(first),
          subject: 'A',
          hint: expect.stringContaining(`pawl cancel ${first}`),
        },
      },
      { taskId: 'A', runId: first, outcome: 'present', error: null },
    ]);
    expect(document.runs.map((run) => [run.taskId, run.state])).toEqual([
      ['B', 'queued'],
      ['A', 'queued'],
    ]);
    expect(runIds()).toHaveLength(2);
    expect((await scenario.json('cancel', first)).code).toBe(0);
    expect((await scenario.json('intake', scenario.packets(edited))).code).toBe(0);
    expect(runIds()).toHaveLength(3);
  });

  test('refuses a file that is no JSON, or one of whose packets is invalid: nothing of it is recorded', {
    timeout: SLOW,
  }, async () => {
    const leaves = packetOf('B', { conflict_surface: ['src/../../etc'] });
    for (const path of [raw('{"packets": ['), scenario.packets(packetOf('GOOD'), leaves)])
      expect(await refusal('intake', path)).toEqual([2, 'PAWL_PACKETS_INVALID']);
    expect(runIds()).toEqual([]);
  });

  test('refuses a file of 50 MB, a missing one and a folder, without reading or writing', {
    timeout: SLOW,
  }, async () => {
    const huge = raw('[]');
    truncateSync(huge, 50 * 1024 * 1024);
    expect(await refusal('run', '--packets', huge)).toEqual([2, 'PAWL_PACKETS_TOO_LARGE']);
    expect(await refusal('intake', join(scenario.repo.root, 'none.json'))).toEqual([2, 'PAWL_PACKETS_UNREADABLE']);
    expect(await refusal('validate', scenario.repo.root)).toEqual([2, 'PAWL_PACKETS_UNREADABLE']);
    expect(existsSync(scenario.registry)).toBe(false);
  });
});

describe('the place', () => {
  eachInAScenarioOfItsOwn();

  test('outside of a repository is refused with exit 2', { timeout: SLOW }, async () => {
    const outside = join(scenario.repo.root, 'outside');
    mkdirSync(outside);
    const packets = scenario.packets(packetOf('A'));
    for (const args of [
      ['run', '--packets', packets],
      ['intake', packets],
      ['status'],
      ['recover'],
      ['events', 'x'],
      ['cancel', 'x'],
    ]) {
      const end = await scenario.callIn(outside, {}, ...args, '--json');
      expect([args[0], end.code, documentOf<ErrorDocument>(end).error.code]).toEqual([
        args[0],
        2,
        'PAWL_REPOSITORY_MISSING',
      ]);
    }
    expect(readdirSync(outside)).toEqual([]);
  });

  test('is what --registry and --config say, relative to the current folder', { timeout: SLOW }, async () => {
    const elsewhere = join(scenario.repo.root, 'elsewhere');
    mkdirSync(elsewhere);
    const step = { implementation: [answer({ status: 'blocked' })] };
    writeFileSync(
      join(elsewhere, 'my.json'),
      JSON.stringify({ agents: { a: { kind: 'scripted', steps: step } }, verification: { allow: ['true'] } }),
    );
    const packets = scenario.packets(packetOf('A'));
    const places = ['--registry', '../../elsewhere/registry', '--config', '../../elsewhere/my.json'];
    const end = await scenario.callIn(join(scenario.path, 'src'), {}, 'run', '--packets', packets, ...places, '--json');
    const run = runOf(documentOf(end), 'A');
    // The agent of that config has worked, and says so.
    expect(codesOf(run)).toEqual(['PAWL_WORKER_BLOCKED']);
    expect(existsSync(join(elsewhere, 'registry/runs', run.runId, 'events.jsonl'))).toBe(true);
    expect(existsSync(scenario.registry)).toBe(false);
    expect(await refusal('run', '--config', 'none.json')).toEqual([2, 'PAWL_CONFIG_INVALID']);
  });

  test('with the registry of another repository is refused by whatever drives or writes', {
    timeout: SLOW,
  }, async () => {
    const { runId } = runOf(documentOf(await scenario.call('intake', scenario.packets(packetOf('A')), '--json')), 'A');
    const other = join(scenario.repo.root, 'other');
    scenario.repo.git(['clone', '--quiet', scenario.path, other]);
    const before = fingerprint(scenario.registry);
    const packets = scenario.packets(packetOf('B'));
    const writing = [['run'], ['intake', packets], ['cancel', runId], ['recover'], ['clean']];
    for (const args of writing) {
      const { code, ...end } = await scenario.callIn(other, {}, ...args, '--registry', scenario.registry, '--json');
      const { error } = documentOf<ErrorDocument>({ code, ...end });
      expect([args[0], code, error.code]).toEqual([args[0], 2, 'PAWL_REGISTRY_FOREIGN']);
    }
    expect((await scenario.callIn(other, {}, 'status', '--registry', scenario.registry)).code).toBe(0);
    expect(changedPaths(before, fingerprint(scenario.registry))).toEqual([]);
  });

  test('with a registry of another version is refused by readers and drivers alike', { timeout: SLOW }, async () => {
    mkdirSync(join(scenario.registry, 'runs/run_A_0123456789ab'), { recursive: true });
    writeFileSync(join(scenario.registry, 'registry.json'), '{"v":2,"registryId":"x","createdAtMs":1}');
    const before = fingerprint(scenario.registry);
    const run = 'run_A_0123456789ab';
    for (const args of [['run'], ['status'], ['recover', '--dry-run'], ['events', run], ['cancel', run]]) {
      expect(await refusal(...args)).toEqual([2, 'PAWL_REGISTRY_INVALID']);
    }
    expect(changedPaths(before, fingerprint(scenario.registry))).toEqual([]);
  });

  test('with a config that is wrong is refused by the name of the key', { timeout: SLOW }, async () => {
    scenario.config({ agents: { a: { kind: 'command', argv: [] } }, verifcation: {} });
    const { code, document } = await scenario.json<ErrorDocument>('run');
    expect(code).toBe(2);
    expect(document.error.code).toBe('PAWL_CONFIG_INVALID');
    expect(document.error.message).toMatch(/verifcation/);
    expect(existsSync(scenario.registry)).toBe(false);
  });
});
