/** The last words of what failed: safe, one line each, bounded. */
import { expect, test } from 'vitest';
import { commandEnd, lastLines, NOTE_BOUNDS, oneLine, withoutOutput } from '../../src/run/failure-notes.ts';

test('the last lines that say something are shown, the newest last', () => {
  const text = Array.from({ length: 20 }, (_, n) => `line ${n}\n\n   \n`).join('');
  expect(lastLines(text)).toEqual(Array.from({ length: NOTE_BOUNDS.lines }, (_, n) => `line ${n + 8}`));
  expect(lastLines('\n \n\t\n')).toEqual([]);
});

test('indentation is kept, tabs are two blanks, and nothing trails', () => {
  expect(lastLines('\tat f()  \n    expected 1\r\n')).toEqual(['  at f()', '    expected 1']);
});

test('text from outside is one line with nothing hidden, no secret, and a bound', () => {
  expect(oneLine('first  \n   second\n\nthird')).toBe('first second third');
  expect(oneLine('a\u202eb')).not.toContain('\u202e');
  expect(oneLine('token ghp_0123456789abcdefghij0123456789abcdef')).not.toContain('ghp_0123456789');
  const long = oneLine('x'.repeat(5_000));
  expect(long.length).toBeLessThanOrEqual(NOTE_BOUNDS.lineChars);
  expect(long.length).toBeGreaterThan(NOTE_BOUNDS.lineChars - 10);
});

test('a finding does not repeat the output of commands that are shown beside it', () => {
  const command = { argv: ['npm', 'test'], exitCode: 1, signal: null, durationMs: 1, outputTail: 'expected 1' };
  expect(withoutOutput('`npm test` exited with 1\nexpected 1', [command])).toBe('`npm test` exited with 1');
  expect(withoutOutput('The name\nis wrong', [])).toBe('The name\nis wrong');
});

test('a command has ended with a code, by a signal, or was never started', () => {
  expect(commandEnd({ exitCode: 3, signal: null })).toBe('exit 3');
  expect(commandEnd({ exitCode: null, signal: 'SIGKILL' })).toBe('signal SIGKILL');
  expect(commandEnd({ exitCode: null, signal: null })).toBe('could not be started');
});
