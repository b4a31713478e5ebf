import fc from 'fast-check';
import { expect, it } from 'vitest';
import { visible } from '../../../src/base/visible.ts';
import { markdownCode, markdownLine, markdownName } from '../../../src/run/handoff/markdown-text.ts';

/** What CommonMark (6.1) reads of a text that begins with a code span: its content, and what stands behind it. */
function codeSpanIn(text: string): { readonly content: string; readonly rest: string } {
  const fence = /^`+/.exec(text)?.[0] ?? '';
  const runs = Array.from(text.slice(fence.length).matchAll(/`+/g));
  const end = runs.find(([run]) => run.length === fence.length);
  if (fence === '' || end === undefined) throw new Error(`no code span: ${text}`);
  const inside = text.slice(fence.length, fence.length + end.index);
  const isPadded = /^ .* $/s.test(inside) && inside.trim() !== '';
  return {
    content: isPadded ? inside.slice(1, -1) : inside,
    rest: text.slice(2 * fence.length + inside.length),
  };
}

const backtickish = fc.string({
  unit: fc.constantFrom('`', ' ', 'a', '\\', '|', '\n', '\u202e'),
  minLength: 1,
  maxLength: 12,
});

it('a name is one code span that holds all of it, whatever backticks and spaces it has', () => {
  fc.assert(
    fc.property(backtickish, (name) => {
      const { content, rest } = codeSpanIn(`${markdownName(name)} behind it`);
      expect([content.trim(), rest]).toEqual([visible(name).trim(), ' behind it']);
      if (visible(name).trim() !== '') expect(content).toBe(visible(name));
    }),
  );
});

it.each([
  ['work/x', '`work/x`'],
  ['work/a`b', '`` work/a`b ``'],
  ['``', '``` `` ```'],
  ['', '`  `'],
  [' a ', '`  a  `'],
])('the name %j is the code span %j', (name, span) => {
  expect(markdownName(name)).toBe(span);
});

it('words of a worker are a code span on one line', () => {
  expect(markdownCode('got `2`\n  instead of `1`')).toBe('`` got `2` instead of `1` ``');
});

it('in a line nothing of a text has a meaning', () => {
  expect(markdownLine('<b>`code`</b> [a](b) *c* _d_ | e\\f\ng & h')).toBe(
    '&lt;b>\\`code\\`&lt;/b> \\[a\\](b) \\*c\\* \\_d\\_ \\| e\\\\f g &amp; h',
  );
});
