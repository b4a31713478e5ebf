import { expect, it } from 'vitest';
import { decisionWords } from '../../src/cli/render.ts';

const decided = (by: string, reason: string) => decisionWords({ decision: 'cancel', by, reason, atMs: 0 });

it('a decision says who, when and why', () => {
  expect(decided('alice', 'not wanted')).toBe('cancel by alice at 1970-01-01T00:00:00.000Z: not wanted');
  expect(decided('alice', '')).toBe('cancel by alice at 1970-01-01T00:00:00.000Z');
});

it('its reason is on one line, bounded, without secrets, and nothing in it is hidden', () => {
  const words = decided('al\u202eice', `two\nlines \u001b[31m AKIAIOSFODNN7EXAMPLE ${'x'.repeat(2_000)}`);
  expect(words).toContain('al\\u{202e}ice');
  expect(words).toContain(': two lines ');
  for (const text of ['\n', '\u001b', '\u202e', 'AKIAIOSFODNN7EXAMPLE']) expect(words).not.toContain(text);
  expect(words.length).toBeLessThan(600);
});
