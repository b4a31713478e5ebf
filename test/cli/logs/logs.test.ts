/** What the built `pawl logs` prints, with nobody driving the registry. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI, type CliEnd, documentOf, type ErrorDocument, until } from '../../support/pawl-cli.ts';
import { LogBench, RUN, TASKS } from './log-bench.ts';

const { implementation, verification, review } = TASKS;
/** All that a worker can do to a terminal, bytes that are no UTF-8, and a secret. */
const EVIL = Buffer.concat([
  Buffer.from('plain\n\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u202eright-to-left\ntoken=abcdefgh12345678\n'),
  Buffer.from([0xff, 0xfe, 10]),
  Buffer.from('no line feed'),
]);
const DENIED = readFileSync(new URL('../../agents/streams/data/claude/deny.ndjson', import.meta.url));

describe('of a run that has come to its review', () => {
  let bench: LogBench;
  const call = (...args: readonly string[]): Promise<CliEnd> => bench.start('logs', 'T-1', ...args).ended;
  const bytes = (...args: readonly string[]) => spawnSync(process.execPath, [CLI, 'logs', 'T-1', ...args], at());
  const at = () => ({ cwd: bench.root, env: process.env });

  beforeAll(() => {
    bench = new LogBench();
    bench.request(implementation, 'claude');
    bench.prints(implementation, DENIED);
    bench.prints(implementation, 'a warning\n', 'stderr');
    bench.ends(implementation);
    bench.request(verification, null);
    bench.prints(verification, EVIL);
    bench.prints(verification, EVIL, 'stderr');
    bench.ends(verification, { result: 'failed', exitCode: 3 });
    bench.request(review, 'codex');
  });
  afterAll(() => bench.remove());

  it('is the turn of an agent, told in lines, with what it has cost', async () => {
    const { code, stdout, stderr } = await call('impl');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        '  started  claude-opus-5-5, 2.1.329, session 4ba3a03a-0ae6-4684-8b2d-96e05e79eb6c',
        'running',
        '  tool     Bash: touch /srv/agents/denied',
        "  denied   Bash(touch /srv/agents/denied): touch in '/srv/agents/denied' needs approval. The path is outside the working directories for this session ('/srv/tree'). Allowing runs the command as written.",
        'DONE',
        '  ended    completed',
        '  used     $0.0121, 3100 tokens',
        '── stderr ──',
        'a warning\n',
      ].join('\n'),
    );
    expect(stderr).toBe(`${implementation} has ended: completed (exit code 0).\n`);
    expect((await call('impl', '--tail', '2')).stdout).toMatch(
      /^DONE\n {2}ended .*\n {2}used .*\n── stderr ──\na warning\n$/,
    );
  });

  it('is one document with --json, in which nothing is hidden and nothing changed', async () => {
    const end = await call('verification', '--json');
    for (const hidden of ['\u001b', '\u202e']) expect(end.stdout).not.toContain(hidden);
    expect(documentOf(end)).toMatchObject({
      runId: RUN,
      taskId: verification,
      purpose: 'verification',
      agent: 'make',
      kind: null,
      events: EVIL.toString('utf8')
        .split('\n')
        .map((text) => ({ type: 'line', text })),
      stderr: `${EVIL.toString('utf8')}\n`,
      used: null,
      hasEnded: true,
      result: 'failed',
      exitCode: 3,
    });
    const turn = documentOf<{ events: readonly { type: string }[] }>(await call('impl', '--json', '--tail', '2'));
    expect(turn).toMatchObject({ kind: 'claude', used: { tokens: 3_100, usd: 0.01212 } });
    expect(turn.events.map(({ type }) => type)).toEqual(['usage', 'ended']);
  });

  it('is, of any other program, its lines made safe', async () => {
    const { stdout } = await call('verif');
    const safe = 'plain\nred  \\u{202e}right-to-left\ntoken=[secret]\n\ufffd\ufffd\nno line feed\n';
    expect(stdout).toBe(`${safe}── stderr ──\n${safe}`);
    expect((await call('verif', '--follow')).stdout.split('\n').toSorted()).toEqual(
      `${safe}${safe.replace(/^(?=.)/gm, 'stderr │ ')}`.split('\n').toSorted(),
    );
  });

  it.each([[['--raw']], [['--raw', '--follow']]])(
    'is the very bytes with %j, where no terminal reads them',
    (flags) => {
      const { stdout, stderr, status } = bytes('verif', ...flags);
      expect(status).toBe(0);
      expect(stdout.equals(EVIL)).toBe(true);
      expect(stderr.equals(EVIL)).toBe(true);
      expect(bytes('verif', ...flags, '--tail', '2').stdout.equals(EVIL.subarray(-15))).toBe(true);
    },
  );

  it.skipIf(!existsSync('/usr/bin/script'))('is made safe on a terminal even with --raw', () => {
    const line = `'${process.execPath}' '${CLI}' logs T-1 verif --raw`;
    const { stdout } = spawnSync('/usr/bin/script', ['-qec', line, '/dev/null'], { ...at(), encoding: 'utf8' });
    expect(stdout).toContain('red  \\u{202e}right-to-left');
    for (const hidden of ['\u001b', '\u0007', '\u202e']) expect(stdout).not.toContain(hidden);
  });

  it('is of the open task when none is named, and says which that is', async () => {
    const { stdout, stderr } = await call();
    expect(stdout).toBe('');
    expect(stderr).toBe(`${review} of ${RUN}, by codex\n${review} has not ended; --follow shows the rest.\n`);
  });

  it.each([
    [['no-such-run'], 'PAWL_RUN_UNKNOWN'],
    [['T-1', 'no-such-task'], 'PAWL_TASK_UNKNOWN'],
    [['T-1', '--raw'], 'PAWL_USAGE'],
    [['T-1', '--tail', '0'], 'PAWL_USAGE'],
  ])('is refused for %j with %s', async (args, code) => {
    const end = await bench.start('logs', ...args, '--json').ended;
    expect([end.code, documentOf<ErrorDocument>(end).error.code]).toEqual([2, code]);
  });
});

describe('that is longer than its reader wants', () => {
  const bench = new LogBench();
  beforeAll(() => {
    bench.request(implementation, 'claude');
    for (let n = 0; n < 2_000; n += 1) bench.prints(implementation, DENIED);
    bench.request(verification, null);
    bench.prints(verification, 'a line of a long output\n'.repeat(100_000));
  });
  afterAll(() => bench.remove());

  it.each(['verif', 'verif --raw', 'verif --json', 'impl', 'impl --follow'])('%s ends quietly with it', (what) => {
    const line = `'${process.execPath}' '${CLI}' logs T-1 ${what} | head -c 1; echo "code \${PIPESTATUS[0]}" >&2`;
    const { stdout, stderr } = spawnSync('/bin/bash', ['-c', line], { cwd: bench.root, encoding: 'utf8' });
    expect([stdout.length, stderr]).toEqual([1, 'code 0\n']);
  });
});

describe('that is followed', () => {
  let bench: LogBench;
  beforeAll(() => {
    bench = new LogBench();
  });
  afterAll(() => bench.remove());

  it('goes on from task to task, each until all of it was shown, until the run has ended', async () => {
    const call = bench.start('logs', 'T-1', '--follow', '--json');
    const lines: { readonly type: string; readonly taskId: string; readonly text?: string }[] = [];
    let held = '';
    call.child.stdout?.on('data', (text: string) => {
      const whole = `${held}${text}`.split('\n');
      held = whole.pop() ?? '';
      lines.push(...whole.map((line) => JSON.parse(line)));
    });
    const shown = (wanted: object) =>
      until(JSON.stringify(wanted), () =>
        lines.some((line) => Object.entries(wanted).every(([k, v]) => Reflect.get(line, k) === v)),
      );
    bench.request(implementation, null);
    await shown({ type: 'task', taskId: implementation });
    bench.prints(implementation, 'half a ');
    bench.prints(implementation, 'meanwhile\n', 'stderr');
    await shown({ type: 'stderr', text: 'meanwhile' });
    bench.prints(implementation, 'line\nand the last');
    await shown({ type: 'line', text: 'half a line' });
    bench.ends(implementation);
    await shown({ type: 'taskEnd', taskId: implementation });
    bench.request(verification, null);
    await shown({ type: 'task', taskId: verification });
    bench.prints(verification, 'checked\n');
    bench.ends(verification, { result: 'failed', exitCode: 1 });
    await shown({ type: 'taskEnd', taskId: verification });
    bench.request(review, null);
    bench.ends(review);
    bench.runEnds();
    const end = await call.ended;
    expect([end.code, end.stderr.split('\n').length]).toEqual([0, 4]);
    expect(lines.map(({ type, taskId, text }) => [taskId, type, ...(text === undefined ? [] : [text])])).toEqual([
      [implementation, 'task'],
      [implementation, 'stderr', 'meanwhile'],
      [implementation, 'line', 'half a line'],
      [implementation, 'line', 'and the last'],
      [implementation, 'taskEnd'],
      [verification, 'task'],
      [verification, 'line', 'checked'],
      [verification, 'taskEnd'],
      [review, 'task'],
      [review, 'taskEnd'],
    ]);
  });
});

it('that is followed and interrupted ends at once, and has changed nothing', async () => {
  const bench = new LogBench();
  try {
    bench.request(implementation, null);
    bench.prints(implementation, 'working\n');
    const before = readdirAll(bench);
    const call = bench.start('logs', 'T-1', '--follow');
    await until('the first line', () => call.stderr().includes(implementation));
    call.child.kill('SIGINT');
    expect((await call.ended).signal).toBe('SIGINT');
    expect(readdirAll(bench)).toEqual(before);
  } finally {
    bench.remove();
  }
});

function readdirAll({ registry }: LogBench): string {
  return spawnSync('find', [registry, '-printf', '%p %s %T@\n'], { encoding: 'utf8' }).stdout;
}
