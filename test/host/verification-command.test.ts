/** What the end of a verification's command means, whichever way it ends. */
import { expect, test } from 'vitest';
import { type CommandPlace, runCommand } from '../../src/host/verification-command.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { MARK_VARIABLE } from '../../src/model/request.ts';
import type { CommandEnd, CommandStart } from '../../src/ports/commands.ts';

/** A place in which every command ends so, having said that. */
function place(end: CommandEnd, ...said: readonly string[]): CommandPlace & { readonly starts: CommandStart[] } {
  const starts: CommandStart[] = [];
  return {
    starts,
    commands: {
      run: async (start, hear) => {
        starts.push(start);
        for (const text of said) hear(text);
        return end;
      },
    },
    env: { PATH: '/bin:/tree/bin', HOME: '/house', PAWL_COMPLETION_FILE: '/answer', [MARK_VARIABLE]: 'mark' },
    worktree: '/tree',
  };
}

test.each([
  ['ENOENT', 'npm', false, 'could not be started: program not found (ENOENT)'],
  ['ENOENT', './check', false, 'could not be started: program not found (ENOENT)'],
  ['ENOENT', '../check', true, 'could not be started: program not found (ENOENT)'],
  ['EACCES', '/tree/check', false, 'could not be started: it may not be executed (EACCES)'],
  ['EACCES', '/treehouse/check', true, 'could not be started: it may not be executed (EACCES)'],
  ['EMFILE', './check', true, 'could not be started (EMFILE)'],
  [null, './check', true, 'could not be started'],
] as const)('refused with %s, %s is out of reach of the work: %s', async (code, program, isOutOfReach, problem) => {
  const ended = await runCommand([program, '--all'], place({ kind: 'notStarted', code }, 'nothing of it'));
  expect(ended).toEqual({
    ...{ argv: [program, '--all'], exitCode: null, signal: null, durationMs: 0, output: '' },
    ...{ problem, isOutOfReach },
  });
});

test('a program that is looked for outside of the worktree alone is out of reach', async () => {
  const there = place({ kind: 'notStarted', code: 'ENOENT' });
  expect(await runCommand(['npm'], { ...there, env: { PATH: '/bin:/usr/bin' } })).toMatchObject({ isOutOfReach: true });
});

test.each([
  [0, null, null],
  [3, null, 'exited with 3'],
  [null, 'SIGKILL', 'was ended by SIGKILL'],
] as const)('exit %s and signal %s are told with: %s', async (exitCode, signal, problem) => {
  const ended = await runCommand(['npm'], place({ kind: 'exited', exitCode, signal }, 'one\n', 'two\n'));
  expect(ended).toMatchObject({ exitCode, signal, problem, output: 'one\ntwo\n', isOutOfReach: false });
});

test('of its environment a command gets all but what tells the worker of its task, and the mark', async () => {
  const there = place({ kind: 'exited', exitCode: 0, signal: null });
  await runCommand(['npm', 'test'], there);
  const env = { PATH: '/bin:/tree/bin', HOME: '/house', [MARK_VARIABLE]: 'mark' };
  expect(there.starts).toEqual([{ argv: ['npm', 'test'], env }]);
});

test('of a long output the end is kept, from the beginning of a line', async () => {
  const lines = Array.from({ length: 4_000 }, (_, n) => `line ${n} ${'x'.repeat(BOUNDS.outputTailChars / 100)}\n`);
  const { output } = await runCommand(['npm'], place({ kind: 'exited', exitCode: 0, signal: null }, ...lines));
  expect(output).toMatch(/^line \d+ x/);
  expect(lines.join('').endsWith(output)).toBe(true);
  expect(output.length).toBeGreaterThan(BOUNDS.outputTailChars);
  expect(output.length).toBeLessThanOrEqual(8 * BOUNDS.outputTailChars);
});
