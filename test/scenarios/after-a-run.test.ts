/** What there is to do once runs have ended: reading them, what they have changed, being told, cleaning up. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorDocument } from '../support/pawl-cli.ts';
import { answer, packetOf, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
let scenario: Scenario;
let runOfA = '';

const FAULT = {
  status: 'FAIL',
  summary: 'One thing.',
  findings: [{ severity: 'minor', message: 'Spell it\nright', file: 'work-of/A/done.txt', line: 1 }],
};
const HOSTILE = 'plain\n\u001b[2Jhidden\u202e\n';

/** The packet of A passes in its second round, that of B fails. One process drives both. */
beforeAll(async () => {
  scenario = new Scenario();
  const tell = join(scenario.repo.root, 'tell.sh');
  writeFileSync(tell, `#!/bin/sh\necho "$PAWL_EVENT $PAWL_TASK_ID $PAWL_COMMIT" >>"${tell}.log"\n`, { mode: 0o755 });
  const steps = {
    A: {
      implementation: [write('work-of/A/done.txt', HOSTILE), answer()],
      'review.e1': [answer({ verdict: FAULT })],
    },
    B: { implementation: [write('left-over.txt'), { do: 'exit', code: 3 }] },
  };
  scenario.scripted(steps, { notify: [tell] });
  const packets = scenario.packets(packetOf('A'), packetOf('B', { limits: { attempts_max: 1 } }));
  const { of } = await scenario.run(packets);
  expect([of('A').state, of('B').state]).toEqual(['readyForManualReview', 'failedExecution']);
  runOfA = of('A').runId;
}, SLOW);
afterAll(() => scenario.end());

/** What a command that only looks prints, for people and as a document. */
async function look<T>(...args: readonly string[]): Promise<{ readonly text: string; readonly report: T }> {
  const { code, document } = await scenario.json<T>(...args);
  expect(code).toBe(0);
  return { text: (await scenario.call(...args)).stdout.trimEnd(), report: document };
}

/** What a command says that is refused. */
async function refused(...args: readonly string[]): Promise<ErrorDocument['error']> {
  return (await scenario.json<ErrorDocument>(...args)).document.error;
}

const shown = (run: string) => look<ShowReport>('show', run);
const compared = (run: string, ...options: readonly string[]) => look('diff', run, ...options);

/** What `pawl clean` prints. */
async function cleaned(...options: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await scenario.call('clean', ...options);
  expect(code, stderr).toBe(0);
  return stdout.trimEnd();
}

interface ShowReport {
  readonly branch: { readonly headCommit: string; readonly nowAt: string | null };
  readonly rounds: readonly { readonly round: number; readonly commit: string }[];
}

describe('a run that passed in its second round', () => {
  test('is shown with both rounds, what the reviewer found and where, and the commit that was judged', async () => {
    const { text, report } = await shown('A');
    expect(report.rounds.map(({ round }) => round)).toEqual([1, 2]);
    expect(report.branch.nowAt).toBe(report.rounds[1]?.commit);
    for (const part of [
      'Do A',
      'judged commit',
      'review        FAIL  One thing.',
      'minor  work-of/A/done.txt:1  Spell it right',
      'review        PASS',
      'handoff.md',
      `at ${report.rounds[1]?.commit}`,
    ])
      expect(text).toContain(part);
  });

  test('is compared from its base to the commit of its last round, or of the one that is named', async () => {
    const whole = await compared('A');
    expect(whole.report).toMatchObject({
      files: [{ path: 'work-of/A/done.txt' }, { path: 'work-of/A/fixed.txt' }],
      ...{ round: 2, fileCount: 2, linesLeftOut: 0 },
    });
    expect(whole.text).toContain('+\\u{1b}[2Jhidden\\u{202e}');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(whole.text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202e]/);
    const first = await compared('A', '--stat', '--round', '1');
    expect(first.report).toMatchObject({ round: 1, fileCount: 1, added: 2 });
    expect(first.text.split('\n')).toEqual([
      expect.stringContaining('judged in round 1'),
      'work-of/A/done.txt  +2 -0',
      '1 file, +2 -0',
    ]);
    expect(await refused('diff', 'A', '--round', '3')).toMatchObject({
      ...{ code: 'PAWL_USAGE', message: expect.stringContaining('available: 1, 2') },
    });
  });

  test('is shown as far as can be when its evidence is damaged and its branch is gone', async () => {
    const folder = scenario.runFile(runOfA, 'artifacts', 'review');
    const [name = ''] = readdirSync(folder);
    const before = readFileSync(join(folder, name));
    writeFileSync(join(folder, name), '{}');
    scenario.repo.git(['branch', '-m', 'work/A', 'kept/A']);
    const { text } = await shown('A');
    expect(text).toContain('does not match its recorded hash');
    expect(text).toContain('the branch is gone');
    scenario.repo.git(['branch', '-m', 'kept/A', 'work/A']);
    writeFileSync(join(folder, name), before);
  });
});

test('a run that failed is shown with what ended it, and has nothing to compare but its base', async () => {
  expect((await shown('B')).text).toContain('PAWL_WORKER_EXIT');
  expect((await compared('B')).text).toContain('No difference.');
});

test('the operator was told of both, each once, by the command of the config', () => {
  const { headCommit } = JSON.parse(readFileSync(scenario.runFile(runOfA, 'snapshot.json'), 'utf8')).actors.run.context;
  const told = readFileSync(join(scenario.repo.root, 'tell.sh.log'), 'utf8').trimEnd().split('\n').sort();
  expect(told).toEqual([`done A ${headCommit}`, expect.stringMatching(/^failed B [0-9a-f]{40}$/)]);
});

describe('cleaning', { timeout: SLOW }, () => {
  const worktrees = (): string[] => readdirSync(join(scenario.registry, 'worktrees'));

  test('chooses by age, shows before it does, and refuses to take evidence without being told of which runs', async () => {
    expect(await cleaned('--older-than', '1d')).toBe('Nothing to clean.');
    expect(await cleaned('--dry-run')).toMatch(/2 runs, .* would be freed/);
    expect(worktrees()).toHaveLength(2);
    for (const options of [['--folders'], ['--older-than', '7'], ['--larger-than', 'x']])
      expect(await refused('clean', ...options)).toMatchObject({ code: 'PAWL_USAGE' });
  });

  test('removes worktrees, keeps what was only there under a ref, and a branch that adds nothing goes', async () => {
    const text = await cleaned();
    expect(worktrees()).toEqual([]);
    const kept = scenario.repo.git(['for-each-ref', '--format=%(refname)', 'refs/pawl/rescue']).split('\n');
    expect(kept).toEqual([expect.stringMatching(/^refs\/pawl\/rescue\/run_B_\w+\/clean$/)]);
    expect(scenario.repo.git(['show', `${kept[0]}:left-over.txt`])).toBe('left-over.txt');
    expect(text).toContain(`kept      ${kept[0]}`);
    expect(scenario.repo.git(['branch', '--format=%(refname:short)']).split('\n')).toEqual(['main', 'work/A']);
    expect((await shown('B')).text).toContain(kept[0]);
    expect(await cleaned()).toBe('Nothing to clean.');
  });

  test('removes folders of old runs; their packets have ended and run again only when asked to', async () => {
    await cleaned('--folders', '--older-than', '0s');
    expect(readdirSync(join(scenario.registry, 'runs'))).toEqual([]);
    expect(readdirSync(join(scenario.registry, 'trash'))).toEqual([]);
    expect(await refused('show', 'A')).toMatchObject({
      ...{ code: 'PAWL_RUN_REMOVED', message: expect.stringContaining('readyForManualReview') },
    });
    const packets = scenario.packets(packetOf('A'));
    const { document, end } = await scenario.json('run', '--packets', packets);
    expect([end.code, document.runs[0]?.state]).toEqual([0, 'readyForManualReview']);
    expect(scenario.starts().filter((line) => line.runId.endsWith('_r2'))).toEqual([]);
  });

  test('of a registry that is not there says so and makes none', async () => {
    rmSync(scenario.registry, { recursive: true });
    expect(await cleaned()).toBe('Nothing to clean.');
    expect(existsSync(scenario.registry)).toBe(false);
  });
});
