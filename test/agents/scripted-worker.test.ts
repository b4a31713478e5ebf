/** The scripted agent's program, for real: every way in which it works and ends. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAnswer } from '../../src/turn/answer.ts';
import { builtPath } from '../host/built.ts';
import { marked } from './found-processes.ts';
import { type Ended, WorkerPlace } from './worker-place.ts';

const program = builtPath('src/adapters/agents/scripted-worker.ts');
let place: WorkerPlace;

beforeEach(() => {
  place = new WorkerPlace({ packet: { taskId: 'TASK-1' } });
});

afterEach(() => {
  place.dispose();
});

/** Starts unshare(1) with the arguments it is given, and says how that ended. */
const IN_NAMESPACE = `
  const child = require('node:child_process').spawn('unshare', JSON.parse(process.argv[1]), { stdio: 'inherit' });
  child.on('exit', (code, signal) => console.log('ended', code, signal));`;

const run = (steps: unknown, env: Record<string, string> = {}): Promise<Ended> =>
  place.run([program], {
    PAWL_SCRIPT: JSON.stringify(Array.isArray(steps) ? { implementation: steps } : steps),
    ...env,
  });

const inWorktree = (path: string) => join(place.worktree, path);

describe('the default work', () => {
  it('of an implementation or fix is a small file and a valid completed answer', async () => {
    expect(await place.run([program])).toMatchObject({ code: 0, signal: null });
    const path = 'pawl-scripted/TASK-1-implementation-e1-a1.txt';
    expect(existsSync(inWorktree(path))).toBe(true);
    expect(place.answer()).toMatchObject({ v: 1, status: 'completed', filesChanged: [path] });
    expect(readAnswer(readFileSync(place.completionFile), 'implementation').kind).toBe('valid');
    await place.run([program], { PAWL_PURPOSE: 'fix', PAWL_EPOCH: '2' });
    expect(existsSync(inWorktree('pawl-scripted/TASK-1-fix-e2-a1.txt'))).toBe(true);
  });

  it.each(['verification', 'review'] as const)('of a %s is PASS and changes nothing', async (purpose) => {
    await place.run([program], { PAWL_PURPOSE: purpose });
    expect(place.answer()).toMatchObject({ status: 'completed', verdict: { status: 'PASS', findings: [] } });
    expect(readAnswer(readFileSync(place.completionFile), purpose).kind).toBe('valid');
    expect(existsSync(inWorktree('pawl-scripted'))).toBe(false);
  });

  it('needs no packet id in the task file', async () => {
    place.dispose();
    place = new WorkerPlace({});
    expect((await place.run([program])).code).toBe(0);
    expect(existsSync(inWorktree('pawl-scripted/t1-implementation-e1-a1.txt'))).toBe(true);
  });
});

describe('where the script comes from', () => {
  it('a file named as argument, its keys chosen by epoch, attempt and packet', async () => {
    const script = join(place.folder, 'script.json');
    const print = (text: string) => [{ do: 'print', text }];
    const tasks = { 'TASK-1': { 'fix.e2.a1': print('own') } };
    writeFileSync(
      script,
      JSON.stringify({ implementation: print('general'), 'implementation.a1': print('first'), tasks }),
    );
    expect((await place.run([program, script])).stdout).toBe('first\n');
    expect((await place.run([program, script], { PAWL_ATTEMPT: '2' })).stdout).toBe('general\n');
    expect((await place.run([program, script], { PAWL_PURPOSE: 'fix', PAWL_EPOCH: '2' })).stdout).toBe('own\n');
  });

  it.each([
    ['an unreadable file', ['/nowhere/script.json'], {}],
    ['no JSON', [], { PAWL_SCRIPT: '{' }],
    ['an unknown step', [], { PAWL_SCRIPT: '{"fix": [{"do": "dance"}]}' }],
    ['no purpose', [], { PAWL_PURPOSE: 'lunch' }],
    ['no task file', [], { PAWL_TASK_FILE: '/nowhere/task.json' }],
  ])('%s ends it with 64, a sentence and no answer', async (_, args, env) => {
    const ended = await place.run([program, ...args], env as Record<string, string>);
    expect(ended.code).toBe(64);
    expect(ended.stderr).toMatch(/^pawl scripted worker: .+\n$/);
    expect(existsSync(place.completionFile)).toBe(false);
  });
});

describe('files and commits', () => {
  it('writes, appends and removes below the worktree', async () => {
    await run([
      { do: 'write', path: 'a/b.txt', text: 'one\n' },
      { do: 'append', path: 'a/b.txt', text: 'two\n' },
      { do: 'write', path: 'gone.txt', text: '' },
      { do: 'remove', path: 'gone.txt' },
      { do: 'answer' },
    ]);
    expect(readFileSync(inWorktree('a/b.txt'), 'utf8')).toBe('one\ntwo\n');
    expect(existsSync(inWorktree('gone.txt'))).toBe(false);
    expect(place.answer().filesChanged).toEqual(['a/b.txt', 'gone.txt']);
  });

  it('commits all changes with its own identity', async () => {
    execFileSync('git', ['init', '--quiet', place.worktree]);
    const ended = await run([
      { do: 'write', path: 'a.txt', text: 'x' },
      { do: 'commit', message: 'Add a' },
    ]);
    expect(ended.code).toBe(0);
    const log = execFileSync('git', ['-C', place.worktree, 'log', '--format=%an %s'], { encoding: 'utf8' });
    expect(log).toBe('Scripted agent Add a\n');
    expect((await run([{ do: 'commit' }])).code).toBe(64);
  });
});

describe('answers', () => {
  it('takes given fields over its good ones, a verdict also by its status alone', async () => {
    const answer = { do: 'answer', status: 'blocked', problem: { code: 'x', message: 'y' }, extra: 1 };
    await run([answer]);
    expect(place.answer()).toMatchObject({ status: 'blocked', problem: { code: 'x', message: 'y' }, extra: 1 });
    for (const status of ['FAIL', 'BLOCKED']) {
      await run({ review: [{ do: 'answer', verdict: status }] }, { PAWL_PURPOSE: 'review' });
      expect(place.answer()).toMatchObject({
        status: 'completed',
        verdict: { status, findings: [{ severity: 'error' }] },
      });
      expect(readAnswer(readFileSync(place.completionFile), 'review').kind).toBe('valid');
    }
  });

  it('writes half an answer, or any text, and no answer without a step for it', async () => {
    expect((await run([])).code).toBe(0);
    expect(existsSync(place.completionFile)).toBe(false);
    await run([{ do: 'partialAnswer' }]);
    expect(() => place.answer()).toThrow(SyntaxError);
    await run([{ do: 'answer', raw: 'nonsense' }]);
    expect(place.answerText()).toBe('nonsense');
  });
});

describe('endings', () => {
  it('exits with the code it is told, also after an answer', async () => {
    expect(
      (await run([{ do: 'answer' }, { do: 'exit', code: 3 }, { do: 'write', path: 'never', text: '' }])).code,
    ).toBe(3);
    expect(existsSync(inWorktree('never'))).toBe(false);
  });

  it('crashes by SIGKILL, or by the signal it is told', async () => {
    expect(await run([{ do: 'crash' }])).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(await run([{ do: 'crash', signal: 'SIGSEGV' }])).toMatchObject({ code: null, signal: 'SIGSEGV' });
    expect((await run([{ do: 'crash', signal: 'SIGNOTHING' }])).code).toBe(64);
  });

  it('hangs until SIGTERM', async () => {
    const child = place.start([program], {
      PAWL_SCRIPT: JSON.stringify({ implementation: [{ do: 'print', text: 'x' }, { do: 'hang' }] }),
    });
    await once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });

  it('ignores SIGTERM until SIGKILL', async () => {
    const steps = [
      { do: 'ignoreSigterm' },
      { do: 'print', text: 'ready' },
      { do: 'sleep', ms: 300 },
      { do: 'print', text: 'still here' },
      { do: 'hang' },
    ];
    const child = place.start([program], { PAWL_SCRIPT: JSON.stringify({ implementation: steps }) });
    await once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    const [text] = await once(child.stdout ?? child, 'data');
    expect(String(text)).toContain('still here');
    expect(child.exitCode ?? child.signalCode).toBeNull();
    child.kill('SIGKILL');
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });

  const namespace = ['--user', '--map-current-user', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const isNamespaced = spawnSync('unshare', [...namespace, 'true']).status === 0;
  const inNamespace = (steps: unknown) =>
    place.start(['-e', IN_NAMESPACE, JSON.stringify([...namespace, process.execPath, program])], {
      PAWL_SCRIPT: JSON.stringify({ implementation: steps }),
      PAWL_TASK_MARK: `first-${place.folder}`,
    });

  // The first process of a PID namespace gets no signal that it does not handle: from inside not even SIGKILL, from outside nothing but that.
  it.runIf(isNamespaced)('crashes also as the first process of a PID namespace', async () => {
    const child = inNamespace([{ do: 'crash' }]);
    const [ended] = await once(child.stdout ?? child, 'data');
    expect(String(ended)).toMatch(/^ended (null SIG(ABRT|SEGV|ILL|TRAP|KILL)|1[23]\d null)\n$/);
  });

  it.runIf(isNamespaced)('ends on SIGTERM also as the first process of a PID namespace', async () => {
    const child = inNamespace([{ do: 'print', text: 'ready' }, { do: 'hang' }]);
    await once(child.stdout ?? child, 'data');
    const first = marked(`first-${place.folder}`, program);
    expect(first).not.toBeNull();
    if (first !== null) process.kill(first, 'SIGTERM');
    const [ended] = await once(child.stdout ?? child, 'data');
    expect(String(ended)).toBe('ended 143 null\n');
  });
});

describe('output', () => {
  it('floods stdout with lines, and prints one long line', async () => {
    const flood = await run([{ do: 'flood', bytes: 3_000_000 }]);
    expect(flood.stdout.length).toBe(3_000_000);
    expect(flood.stdout.split('\n').length).toBeGreaterThan(2_000);
    const long = await run([{ do: 'longLine', bytes: 2_000_000 }]);
    expect(long.stdout.length).toBe(2_000_001);
    expect(long.stdout.indexOf('\n')).toBe(2_000_000);
  });

  it('sleeps as long as it is told', async () => {
    const startedAtMs = performance.now();
    await run([{ do: 'sleep', ms: 400 }]);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(400);
  });

  it('adds one line for each start to a witness file outside', async () => {
    const file = join(place.folder, 'witness.log');
    await run([{ do: 'witness', file }]);
    await run([{ do: 'witness', file }, { do: 'crash' }]);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^run_T_1 t1 \d+ \d{13}$/);
  });
});
