/** Packets through the built command line: what is taken in, what is refused, and that nothing is taken in by halves. */
import { existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codesOf, documentOf, type ErrorDocument, type RunsDocument, runOf } from '../support/pawl-cli.ts';
import { changedPaths, fingerprint } from '../support/scenario-fingerprint.ts';
import { answer, type Plain, packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 120_000;
let scenario: Scenario;
beforeEach(() => {
  scenario = new Scenario();
});
afterEach(() => scenario.end());

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

describe('validate', () => {
  test('tells of every packet what it lacks and what would stop it, in order, and writes nothing', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({});
    const weak = packetOf('WEAK', { approved: false, scope: {}, conflict_surface: [] });
    const stopped = packetOf('STOPPED', {
      verification: { commands: 'make all' },
      agent: 'nobody',
      scm_target: { repo: 'acme/widget', issue_number: 9, intended_branch: 'work/stopped', base_branch: 'nowhere' },
    });
    const path = scenario.packets(packetOf('GOOD'), weak, 'no object', stopped);
    const before = fingerprint(scenario.path);
    const { code, document } = await scenario.json<Plain>('validate', path);
    expect(code).toBe(3);
    const nothing = { missingFields: [], problems: [], notes: [], warnings: [] };
    expect(document).toEqual({
      isRepository: true,
      summary: { total: 4, sufficient: 2, insufficient: 2, ready: 1 },
      packets: [
        {
          taskId: 'GOOD',
          runId: expect.stringMatching(/^run_GOOD_[0-9a-f]{12}$/),
          sufficient: true,
          ready: true,
          ...nothing,
        },
        expect.objectContaining({
          taskId: 'WEAK',
          sufficient: false,
          ready: false,
          missingFields: ['approval.approved', 'scope.goal_or_acceptance_criteria', 'conflict_surface'],
        }),
        expect.objectContaining({ taskId: 'packet-3', missingFields: ['packet_object'] }),
        expect.objectContaining({
          taskId: 'STOPPED',
          sufficient: true,
          ready: false,
          problems: ['PAWL_AGENT_MISSING', 'PAWL_VERIFICATION_NOT_ALLOWED', 'PAWL_WORKSPACE_BASE_MISSING'].map((each) =>
            expect.objectContaining({ code: each }),
          ),
        }),
      ],
    });
    expect(changedPaths(before, fingerprint(scenario.path))).toEqual([]);
    const good = scenario.packets(packetOf('GOOD'));
    expect((await scenario.json('validate', good)).code).toBe(0);
    const outside = join(scenario.repo.root, 'outside');
    mkdirSync(outside);
    const end = await scenario.startIn(outside, {}, 'validate', good).ended;
    expect([end.code, end.stdout]).toEqual([0, expect.stringContaining('not a git repository')]);
  });
});

describe('intake', () => {
  test('records a weak packet as blocked, invents nothing and drives nothing', { timeout: SLOW }, async () => {
    scenario.scripted({});
    const packets = scenario.packets(packetOf('WEAK', { review: {} }), packetOf('GOOD'));
    const { code, document } = await scenario.json('intake', packets);
    expect(code).toBe(3);
    expect(runOf(document, 'WEAK')).toMatchObject({ state: 'blockedPlanInsufficient', kind: 'terminal' });
    expect(codesOf(runOf(document, 'WEAK'))).toEqual(['PAWL_PACKET_INSUFFICIENT']);
    expect(runOf(document, 'WEAK').blockers[0]?.message).toContain('review.criteria_or_reviewer_plan');
    expect(runOf(document, 'GOOD').state).toBe('queued');
    expect(scenario.starts()).toEqual([]);
    const { code: runCode, of } = await scenario.run(packets);
    expect(runCode).toBe(3);
    expect(of('GOOD').state).toBe('readyForManualReview');
    expect(scenario.starts().every((start) => start.runId === of('GOOD').runId)).toBe(true);
  });

  test('takes the same packet in once, however its keys are ordered, and again only after its end', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({ A: { implementation: [{ do: 'append', path: 'log.txt', text: 'once more\n' }, answer()] } });
    const packet = packetOf('A');
    const turned = Object.fromEntries(Object.entries(packet).reverse());
    const packets = scenario.packets(packet, turned);
    const first = await scenario.json('intake', packets);
    expect(first.document.runs.map((run) => run.taskId)).toEqual(['A']);
    expect((await scenario.json('intake', scenario.packets(turned), '--again')).document.runs).toEqual([
      expect.objectContaining({ runId: first.document.runs[0]?.runId, isNew: false }),
    ]);
    expect((await scenario.run(packets)).code).toBe(0);
    expect((await scenario.run(packets)).of('A').runId).toBe(first.document.runs[0]?.runId);
    expect(runIds()).toHaveLength(1);
    expect(scenario.starts()).toHaveLength(2);

    const again = await scenario.run(packets, '--again');
    expect(again.of('A').runId).toBe(`${first.document.runs[0]?.runId}_r2`);
    expect(again.of('A').state).toBe('readyForManualReview');
    expect(scenario.startsOf(again.of('A').runId)).toHaveLength(2);
    expect(runIds()).toHaveLength(2);
  });

  test('takes a packet in again whose run failed, on its empty branch, where the base is now', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({ A: { implementation: [answer({ status: 'failed', summary: 'no' })] } });
    const packets = scenario.packets(packetOf('A', { limits: { attempts_max: 1 } }));
    const first = await scenario.run(packets);
    expect([first.code, first.of('A').state]).toEqual([4, 'failedExecution']);
    // The branch is the user's as soon as the run has ended.
    scenario.repo.git(['checkout', '--quiet', 'work/A']);
    scenario.repo.git(['checkout', '--quiet', 'main']);
    scenario.repo.write('later.txt', 'later\n');
    scenario.repo.git(['add', 'later.txt']);
    scenario.repo.git(['commit', '--quiet', '-m', 'Main goes on']);

    scenario.scripted({});
    const again = await scenario.run(packets, '--again');
    expect(again.of('A')).toMatchObject({ state: 'readyForManualReview', runId: `${first.of('A').runId}_r2` });
    expect(scenario.repo.git(['merge-base', 'main', 'work/A'])).toBe(scenario.repo.git(['rev-parse', 'main']));
  });

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

  test.each([
    ['no JSON', '{"packets": [', 'PAWL_PACKETS_INVALID'],
    ['no list of packets', '{"tasks": []}', 'PAWL_PACKETS_INVALID'],
    [
      'a surface that leaves the repository',
      packetOf('B', { conflict_surface: ['src/../../etc'] }),
      'PAWL_PACKETS_INVALID',
    ],
    ['an id that steps through folders', packetOf('B', { task_id: '../../B' }), 'PAWL_PACKETS_INVALID'],
    [
      'a branch that git refuses',
      packetOf('B', { scm_target: { repo: 'a/b', issue_number: 1, intended_branch: 'a..b' } }),
      'PAWL_PACKETS_INVALID',
    ],
    [
      'a branch that is an option',
      packetOf('B', { scm_target: { repo: 'a/b', issue_number: 1, intended_branch: '--force' } }),
      'PAWL_PACKETS_INVALID',
    ],
    ['an approval of a wrong type', packetOf('B', { conflict_surface: { a: 1 } }), 'PAWL_PACKETS_INVALID'],
  ])('refuses a file with %s: nothing of it is taken in', { timeout: SLOW }, async (_name, bad, code) => {
    const path = typeof bad === 'string' ? raw(bad) : scenario.packets(packetOf('GOOD'), bad);
    expect(await refusal('intake', path)).toEqual([2, code]);
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
  test('is the same registry and config from a subfolder and from a linked worktree', { timeout: SLOW }, async () => {
    scenario.scripted({});
    await scenario.json('intake', scenario.packets(packetOf('A')));
    const linked = join(scenario.repo.root, 'linked');
    scenario.repo.git(['worktree', 'add', '--quiet', linked, '-b', 'elsewhere']);
    for (const cwd of [join(scenario.path, 'src'), linked, join(linked, 'src')]) {
      const end = await scenario.startIn(cwd, {}, 'status', '--json').ended;
      expect(documentOf<RunsDocument>(end).runs.map((run) => run.taskId)).toEqual(['A']);
    }
    const end = await scenario.startIn(join(linked, 'src'), {}, 'run', '--json').ended;
    expect(runOf(documentOf(end), 'A').state).toBe('readyForManualReview');
    expect(existsSync(join(linked, '.pawl'))).toBe(false);
  });

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
      const end = await scenario.startIn(outside, {}, ...args, '--json').ended;
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
    const step = { implementation: [answer()], review: [answer()] };
    writeFileSync(
      join(elsewhere, 'my.json'),
      JSON.stringify({ agents: { a: { kind: 'scripted', steps: step } }, verification: { allow: ['true'] } }),
    );
    const packets = scenario.packets(packetOf('A', { allow_empty: true }));
    const places = ['--registry', '../../elsewhere/registry', '--config', '../../elsewhere/my.json'];
    const end = await scenario.startIn(join(scenario.path, 'src'), {}, 'run', '--packets', packets, ...places, '--json')
      .ended;
    const run = runOf(documentOf(end), 'A');
    expect(run.state).toBe('readyForManualReview');
    expect(existsSync(join(elsewhere, 'registry/runs', run.runId, 'events.jsonl'))).toBe(true);
    expect(existsSync(scenario.registry)).toBe(false);
    expect(await refusal('run', '--config', 'none.json')).toEqual([2, 'PAWL_CONFIG_INVALID']);
  });

  test('with the registry of another repository is refused by whatever drives or writes', {
    timeout: SLOW,
  }, async () => {
    const { runId } = runOf(
      documentOf(await scenario.start('intake', scenario.packets(packetOf('A')), '--json').ended),
      'A',
    );
    const other = join(scenario.repo.root, 'other');
    scenario.repo.git(['clone', '--quiet', scenario.path, other]);
    const before = fingerprint(scenario.registry);
    const packets = scenario.packets(packetOf('B'));
    const writing = [['run'], ['intake', packets], ['cancel', runId], ['recover'], ['clean']];
    for (const args of writing) {
      const { code, ...end } = await scenario.startIn(other, {}, ...args, '--registry', scenario.registry, '--json')
        .ended;
      const { error } = documentOf<ErrorDocument>({ code, ...end });
      expect([args[0], code, error.code]).toEqual([args[0], 2, 'PAWL_REGISTRY_FOREIGN']);
    }
    expect((await scenario.startIn(other, {}, 'status', '--registry', scenario.registry).ended).code).toBe(0);
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
