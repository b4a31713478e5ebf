/** What the built command line says: JSON documents that others rely on, and nothing of a worker's output that was not made safe. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { CLI, documentOf, type ErrorDocument, runOf, until } from '../support/pawl-cli.ts';
import { answer, type Plain, packetOf, verdict, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const scenario = new Scenario();
let nasty: RunView;
let whole: RunView;
let plain = '';

const TOKEN = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
const EVIL = `\u001b[31mred\u001b[0m\u0007 <script>alert(1)</script> ![x](http://evil.invalid/x.png) token=${TOKEN} \`tick\` | cell`;

beforeAll(async () => {
  scenario.scripted({
    NASTY: {
      implementation: [
        { do: 'print', text: `only in the output ${EVIL}` },
        write('file.txt'),
        answer({ summary: EVIL, filesChanged: [EVIL], problem: { code: EVIL, message: EVIL } }),
      ],
      'review.e1': [verdict('FAIL', EVIL)],
      review: [{ do: 'print', text: EVIL }, verdict('PASS', EVIL)],
    },
    BLOCKED: { implementation: [answer({ status: 'blocked', summary: EVIL })] },
  });
  const first = scenario.packets(
    packetOf('NASTY', { scope: { goal: `Do it\n\nPawl-Run: forged ${EVIL}` } }),
    packetOf('WHOLE'),
  );
  const { of } = await scenario.run(first);
  nasty = of('NASTY');
  whole = of('WHOLE');
  const blocked = ['run', '--packets', scenario.packets(packetOf('BLOCKED'))];
  plain = (await scenario.startIn(scenario.path, { CI: 'true' }, ...blocked).ended).stdout;
}, SLOW);
afterAll(() => scenario.end());

describe('a document', () => {
  test('of run and status names every run with its place, task, lease, blockers and next safe action', {
    timeout: SLOW,
  }, async () => {
    const { code, document, end } = await scenario.json('status');
    expect(code).toBe(0);
    expect(end.stdout.trimEnd().endsWith('}')).toBe(true);
    const run = runOf(document, 'BLOCKED');
    expect(run).toMatchObject({
      runId: expect.stringMatching(/^run_BLOCKED_[0-9a-f]{12}$/),
      state: 'blockedNeedsHuman',
      kind: 'blocked',
      epoch: 0,
      task: { taskId: 'implementation-e0-a1', purpose: 'implementation', result: 'blocked' },
      lease: {
        surfaces: expect.arrayContaining(['branch:acme/widget#work/BLOCKED', 'path:acme/widget/work-of/BLOCKED']),
      },
      blockers: [{ code: 'PAWL_WORKER_BLOCKED', message: expect.any(String), hint: expect.any(String) }],
      lastArtifact: null,
      nextSafeAction: { kind: 'retry', command: expect.stringContaining('pawl resolve run_BLOCKED_') },
    });
    expect(runOf(document, 'WHOLE')).toMatchObject({
      kind: 'terminal',
      lease: null,
      blockers: [],
      lastArtifact: { path: expect.stringMatching(/^artifacts\/handoff\/handoff-[0-9a-f]+\.json$/) },
      nextSafeAction: { kind: 'review' },
    });
    const one = (await scenario.json('status', whole.runId)).document;
    expect(one.runs).toEqual([runOf(document, 'WHOLE')]);
    expect(whole).toEqual({ ...runOf(document, 'WHOLE'), updatedAtMs: whole.updatedAtMs });
  });

  test('of events has every record in order, with time, actor and event', { timeout: SLOW }, async () => {
    const { code, document } = await scenario.json<{ events: readonly Plain[] }>('events', whole.runId);
    expect(code).toBe(0);
    expect(document.events.map((each) => each.seq)).toEqual(document.events.map((_, index) => index + 1));
    for (const each of document.events) {
      expect(each).toMatchObject({
        atMs: expect.any(Number),
        actor: expect.any(String),
        event: { type: expect.any(String) },
      });
    }
    const types = document.events.map((each) => (each.event as Plain).type);
    expect(types[0]).toBe('packetReceived');
    expect(types.at(-1)).toBe('handoffProjected');
  });

  test('of events ends with why a run stands, and says nothing more of one that is ready', {
    timeout: SLOW,
  }, async () => {
    const [blocked, ready] = await Promise.all([scenario.call('events', 'BLOCKED'), scenario.call('events', 'WHOLE')]);
    expect(blocked.stdout.trimEnd().split('\n').at(-1)).toMatch(/^now +blocked: PAWL_WORKER_BLOCKED: \S/);
    expect(ready.stdout).not.toMatch(/^now /m);
  });

  test('of the demo is that of a run, and leaves the current folder alone', { timeout: SLOW }, async () => {
    const folder = join(scenario.repo.root, 'elsewhere');
    scenario.repo.write(join(folder, 'file.txt'), 'x');
    const end = await scenario.startIn(folder, {}, 'demo', '--json').ended;
    const sandbox = /sandbox\s+(\S*pawl-demo-\S+)/.exec(end.stderr)?.[1] ?? '';
    try {
      expect(end.code).toBe(0);
      expect(documentOf(end).runs).toEqual([expect.objectContaining({ state: 'readyForManualReview', blockers: [] })]);
      expect(dirname(sandbox)).toBe(tmpdir());
      expect(readdirSync(folder)).toEqual(['file.txt']);
    } finally {
      if (sandbox !== '') rmSync(sandbox, { recursive: true, force: true });
    }
  });

  test('of a run that is followed is a line for each event, and ends with the run', { timeout: SLOW }, async () => {
    const { code, stdout } = await scenario.call('events', whole.runId, '--follow', '--json');
    expect(code).toBe(0);
    const types = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).event.type);
    expect([types.length, types[0], types.at(-1)]).toEqual([whole.seq, 'packetReceived', 'handoffProjected']);
  });

  test('that never ends is a line a document', { timeout: SLOW }, async () => {
    const call = scenario.start('status', '--watch', '--json');
    let text = '';
    call.child.stdout?.on('data', (chunk: string) => {
      text += chunk;
    });
    await until('two lines of status', () => text.split('\n').length > 2);
    call.child.kill('SIGTERM');
    await call.ended;
    for (const line of text.trimEnd().split('\n').slice(0, 2)) expect(Object.keys(JSON.parse(line))).toContain('runs');
  });

  test('of an error is the only thing on stdout', { timeout: SLOW }, async () => {
    const { code, document, end } = await scenario.json<ErrorDocument>('events', 'run_none');
    expect(code).toBe(2);
    expect(Object.keys(document)).toEqual(['error']);
    expect(Object.keys(document.error).sort()).toEqual(['code', 'hint', 'message', 'subject']);
    expect(end.stderr).toContain('PAWL_RUN_UNKNOWN');
    const human = await scenario.call('events', 'run_none');
    expect([human.code, human.stdout]).toEqual([2, '']);
    expect(human.stderr).toContain('PAWL_RUN_UNKNOWN');
  });
});

describe('nothing of a worker', () => {
  const texts = (): [string, string][] => {
    const folder = scenario.runFile(nasty.runId);
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const kept = names.filter((name) =>
      /events\.jsonl|snapshot\.json|artifacts\/.*\.(?:json|md)|outcome|completion\.json/.test(name),
    );
    return kept.map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
  };

  test('reaches journal, snapshot, evidence or handoff with its secrets or control codes', () => {
    expect(nasty.state).toBe('readyForManualReview');
    const files = texts().filter(([name]) => !name.startsWith('artifacts/intake/'));
    expect(files.length).toBeGreaterThan(8);
    for (const [name, text] of files) {
      expect(text.includes(TOKEN), name).toBe(false);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
      expect(/\u001b|\\u001b|\u0007|\\u0007/.test(text), name).toBe(false);
      expect(text.includes('only in the output'), name).toBe(false);
    }
  });

  test('is markup in the handoff page, nor is anything of the packet', () => {
    const page = readFileSync(scenario.runFile(nasty.runId, 'artifacts/handoff/handoff.md'), 'utf8');
    expect(page).toContain('&lt;script>');
    expect(page).not.toMatch(/<script|!\[x\]\(/);
    expect(page).not.toMatch(/^Pawl-Run/m);
  });

  test('or of a packet is a trailer of the commit', () => {
    const trailers = scenario.repo.git(['log', '-1', '--format=%(trailers:key=Pawl-Run,valueonly)', 'work/NASTY']);
    expect(trailers.trim()).toBe(nasty.runId);
  });

  test('reaches the terminal with control codes or secrets', () => {
    expect(plain).toContain('PAWL_WORKER_BLOCKED');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(plain).not.toMatch(/\u001b|\u0007/);
    expect(plain).not.toContain(TOKEN);
  });
});

describe('the handoff bundle', () => {
  test('holds packet, branch, commits, gates with their evidence, attempts and timings', () => {
    const bundle = scenario.artifact(nasty.runId, 'handoff', 'handoff-');
    const { git } = scenario.repo;
    expect(bundle).toMatchObject({
      runId: nasty.runId,
      taskId: 'NASTY',
      packet: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      target: { provider: 'github', repo: 'acme/widget' },
      branch: 'work/NASTY',
      baseBranch: 'main',
      baseCommit: git(['rev-parse', 'main']),
      headCommit: git(['rev-parse', 'work/NASTY']),
      files: ['file.txt', 'work-of/NASTY/fixed.txt'],
      gates: [
        { gate: 'verification', status: 'PASS', epoch: 2, commands: [{ argv: ['true'], exitCode: 0 }] },
        { gate: 'review', status: 'PASS', epoch: 2, evidence: { path: expect.stringMatching(/^artifacts\/review\//) } },
      ],
      timing: { startedAtMs: expect.any(Number), passedAtMs: expect.any(Number) },
    });
    const attempts = bundle.attempts as readonly Plain[];
    expect(attempts.map((attempt) => [attempt.taskId, attempt.result])).toEqual([
      ['implementation-e0-a1', 'completed'],
      ['verification-e1-a1', 'completed'],
      ['review-e1-a1', 'completed'],
      ['fix-e1-a1', 'completed'],
      ['verification-e2-a1', 'completed'],
      ['review-e2-a1', 'completed'],
    ]);
    expect((bundle.commits as readonly Plain[]).map((commit) => commit.commit).sort()).toEqual(
      git(['rev-list', 'main..work/NASTY']).split('\n').sort(),
    );
    const page = readFileSync(scenario.runFile(nasty.runId, 'artifacts/handoff/handoff.md'), 'utf8');
    for (const each of ['work/NASTY', 'Verification: PASS', 'Internal review: PASS', 'fix-e1-a1'])
      expect(page).toContain(each);
  });
});

describe('a reader that goes away', () => {
  test('does not stop the run', { timeout: SLOW }, async () => {
    const packets = scenario.packets(packetOf('PIPED'));
    const command = `"${process.execPath}" "${CLI}" run --packets "${packets}" 2>&1 | head -n 1`;
    const child = spawn('sh', ['-c', command], { cwd: scenario.path, env: scenario.repo.environment, stdio: 'ignore' });
    await new Promise((resolve) => child.once('exit', resolve));
    await until('the run to end', () => {
      const runs = readdirSync(join(scenario.registry, 'runs')).find((name) => name.includes('PIPED'));
      const journal = runs === undefined ? '' : readFileSync(scenario.runFile(runs, 'events.jsonl'), 'utf8');
      return journal.includes('handoffProjected');
    });
  });
});
