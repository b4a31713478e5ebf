/** The verification program, for real: commands without a shell, each one's end told, one verdict. */
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { shellCommand } from '../../src/base/shell-words.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import type { Answer } from '../../src/model/request.ts';
import { readAnswer } from '../../src/turn/answer.ts';
import { builtPath } from '../host/built.ts';
import { killById } from './found-processes.ts';
import { WorkerPlace } from './worker-place.ts';

const program = builtPath('src/host/verification-worker.ts');
let place: WorkerPlace | null = null;
const pids: number[] = [];

afterEach(() => {
  for (const pid of pids.splice(0)) killById(pid);
  place?.dispose();
  place = null;
});

const node = (code: string) => [process.execPath, '-e', code];

async function verify(
  commands: unknown,
  env: Record<string, string> = {},
): Promise<{ answer: Answer; stdout: string }> {
  place = new WorkerPlace({ commands });
  const ended = await place.run([program], { PAWL_PURPOSE: 'verification', ...env });
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  const reading = readAnswer(readFileSync(place.completionFile), 'verification');
  if (reading.kind !== 'valid') throw new Error(`the answer is ${reading.kind}`);
  return { answer: reading.answer, stdout: ended.stdout };
}

describe('verdicts', () => {
  it('is PASS when every command exits with 0', async () => {
    const { answer } = await verify([node('console.log("one")'), node('console.error("two")')]);
    expect(answer).toMatchObject({ status: 'completed', verdict: { status: 'PASS', findings: [] } });
    expect(answer.commands.map((run) => [run.exitCode, run.signal, run.outputTail])).toEqual([
      [0, null, 'one\n'],
      [0, null, 'two\n'],
    ]);
    for (const run of answer.commands) expect(run.durationMs).toBeGreaterThan(0);
  });

  it('runs every command also after one that failed, with one finding for each failure', async () => {
    const { answer } = await verify([
      node('console.log("why"); process.exit(3)'),
      node('0'),
      node('process.kill(process.pid, "SIGTERM")'),
    ]);
    expect(answer.commands.map((run) => [run.exitCode, run.signal])).toEqual([
      [3, null],
      [0, null],
      [null, 'SIGTERM'],
    ]);
    expect(answer.verdict?.status).toBe('FAIL');
    expect(answer.verdict?.findings).toHaveLength(2);
    expect(answer.verdict?.findings[0]?.message).toContain('exited with 3\nwhy');
    expect(answer.verdict?.findings[1]?.message).toContain('was ended by SIGTERM');
    const failed = [process.execPath, '-e', 'console.log("why"); process.exit(3)'];
    expect(answer.verdict?.summary).toBe(`2 of 3 failed, the first: \`${shellCommand(failed)}\`.`);
  });

  it('a program that is missing outside of the worktree is BLOCKED, and named: no fix could mend it', async () => {
    const { answer } = await verify([node('process.exit(1)'), ['no-such-program-anywhere', '--all'], ['/etc/passwd']]);
    expect(answer.verdict).toMatchObject({
      status: 'BLOCKED',
      summary: expect.stringContaining('`no-such-program-anywhere --all` could not be started: program not found'),
    });
    expect(answer.verdict?.findings.map((finding) => finding.message)).toEqual([
      expect.stringContaining('exited with 1'),
      '`no-such-program-anywhere --all` could not be started: program not found (ENOENT)',
      '`/etc/passwd` could not be started: it may not be executed (EACCES)',
    ]);
    expect(answer.commands[1]).toMatchObject({ exitCode: null, signal: null });
  });

  it('a program that is missing in the worktree, or one that does not find another, is FAIL: the work can mend it', async () => {
    const { answer } = await verify([['./scripts/check.sh'], ['sh', '-c', 'no-such-program-anywhere']]);
    expect(answer.verdict?.status).toBe('FAIL');
    expect(answer.verdict?.findings.map((finding) => finding.message)).toEqual([
      '`./scripts/check.sh` could not be started: program not found (ENOENT)',
      expect.stringContaining('exited with 127'),
    ]);
  });

  it('no command at all is BLOCKED: nothing passes unjudged', async () => {
    const { answer } = await verify([]);
    expect(answer.verdict?.status).toBe('BLOCKED');
  });

  it('of a setup that failed is failed, of one whose program is missing blocked', async () => {
    expect((await verify([node('process.exit(1)')], { PAWL_PURPOSE: 'setup' })).answer).toMatchObject({
      status: 'failed',
      problem: { code: 'setupFailed' },
      verdict: { status: 'FAIL' },
    });
    place?.dispose();
    expect((await verify([node('0')], { PAWL_PURPOSE: 'setup' })).answer.status).toBe('completed');
    place?.dispose();
    expect((await verify([['no-such-program-anywhere']], { PAWL_PURPOSE: 'setup' })).answer).toMatchObject({
      status: 'blocked',
      problem: { code: 'setupBlocked', message: expect.stringContaining('no-such-program-anywhere') },
    });
  });
});

describe('how commands run', () => {
  it('without a shell, in the worktree, with nothing on stdin', async () => {
    const code = 'process.stdin.on("data", () => {}).on("end", () => console.log(process.argv[1], process.cwd()))';
    const { answer } = await verify([[...node(code), '$HOME && `x` | "y"']]);
    expect(answer.commands[0]?.outputTail).toContain(`$HOME && \`x\` | "y" ${place?.worktree}`);
  });

  it('without learning where the answer is left, but under the mark', async () => {
    const code = 'console.log(Object.keys(process.env).filter((name) => name.startsWith("PAWL_")).join())';
    const { answer } = await verify([node(code)]);
    expect(answer.commands[0]?.outputTail).toBe('PAWL_TASK_MARK\n');
  });

  it('a child that keeps the output open does not keep the verification', async () => {
    const child = 'setInterval(() => {}, 1000)';
    const code = `const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "inherit", detached: true }); child.unref(); console.log("pid", child.pid)`;
    const startedAtMs = performance.now();
    place = new WorkerPlace({ commands: [node(code)] });
    const worker = place.start([program], { PAWL_PURPOSE: 'verification' });
    worker.stdout?.resume();
    const code0 = await new Promise((done) => worker.once('exit', done));
    pids.push(Number(/pid (\d+)/.exec(place.answerText())?.[1]));
    expect(code0).toBe(0);
    expect(performance.now() - startedAtMs).toBeLessThan(15_000);
  });
});

describe('output', () => {
  it('is echoed whole, and kept sanitised: its end', async () => {
    const code =
      'for (let i = 0; i < 20000; i += 1) console.log("line", i); console.log("\\u001b[31mAPI_KEY=hunter2\\u001b[0m")';
    const { answer, stdout } = await verify([node(code)]);
    expect(stdout).toContain('line 0\n');
    expect(stdout).toContain('line 19999\n');
    const tail = answer.commands[0]?.outputTail ?? '';
    expect(tail.length).toBeLessThanOrEqual(BOUNDS.outputTailChars);
    expect(tail).toMatch(/^\[…\]\n/);
    expect(tail.endsWith('line 19999\nAPI_KEY=[secret]\n')).toBe(true);
  });

  it('of a flood of 200 MB stays out of memory', async () => {
    const code =
      'const chunk = "x".repeat(1e6); for (let i = 0; i < 200; i += 1) require("node:fs").writeSync(1, chunk)';
    place = new WorkerPlace({ commands: [node(code)] });
    const env = { PAWL_PURPOSE: 'verification', NODE_OPTIONS: '--max-old-space-size=64' };
    const worker = place.start([program], env);
    worker.stdout?.resume();
    worker.stderr?.resume();
    expect(await new Promise((done) => worker.once('exit', done))).toBe(0);
    expect(place.answer()).toMatchObject({ verdict: { status: 'PASS' } });
  });

  it('of very many commands still fits into an answer', async () => {
    const commands = Array.from({ length: 150 }, () => ['sh', '-c', `yes 'ééééééé"' | head -c 20000; exit 1`]);
    const { answer } = await verify(commands);
    expect(answer.verdict?.findings).toHaveLength(150);
    expect(place?.answerText().length ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(BOUNDS.answerBytes);
  });
});

describe('the program', () => {
  it.each([
    ['no object', '[]'],
    ['no commands', '{}'],
    ['text commands', '{"commands": ["npm test"]}'],
    ['an empty command', '{"commands": [[]]}'],
    ['no JSON', '{'],
  ])('refuses a task file with %s: 64, a sentence, no answer', async (_, text) => {
    place = new WorkerPlace(text);
    const ended = await place.run([program], { PAWL_PURPOSE: 'verification' });
    expect(ended.code).toBe(64);
    expect(ended.stderr).toMatch(/^pawl verification worker: .+\n$/);
    expect(existsSync(place.completionFile)).toBe(false);
  });
});
