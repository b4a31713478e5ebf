/** What each piece of Markdown comes to as a part of a packet. */
import { describe, expect, it } from 'vitest';
import { EMPTY_DRAFT, type PacketDraft } from '../../src/packets/packet-draft.ts';
import { draftOfMarkdown } from '../../src/packets/packet-markdown.ts';

type Parts = Partial<PacketDraft>;
const read = (text: string): PacketDraft => draftOfMarkdown(text, (said) => said === 'npm test');
const parts = (said: Parts): PacketDraft => ({ ...EMPTY_DRAFT, ...said });
const under = (heading: string, text: string): PacketDraft => read(`## ${heading}\n${text}`);

it('a text that says nothing is an empty draft', () => {
  expect(read('')).toEqual(EMPTY_DRAFT);
  expect(read(' \n\n')).toEqual(EMPTY_DRAFT);
});

it.each(['Constructor', '__proto__', 'toString'])(
  'a heading that is nothing of a packet, %s, is a part of the goal',
  (name) => {
    const said = read(`# Title\n\n## Goal\n\nIt works.\n\n## ${name}\n\nNot lost.\n`);
    expect(JSON.stringify(said)).toContain('Not lost.');
  },
);

describe('a heading', () => {
  it.each<[string, Parts]>([
    ...['goal', 'summary', 'scope', 'in scope'].map((name): [string, Parts] => [name, { goal: 'x' }]),
    ...['non-goals', 'non goals', 'out of scope', 'not in scope'].map((name): [string, Parts] => [
      name,
      { nonGoals: ['x'] },
    ]),
    ...['acceptance', 'acceptance criteria', 'definition of done', 'done when'].map((name): [string, Parts] => [
      name,
      { acceptance: ['x'] },
    ]),
    ...['instructions', 'instruction', 'implementation', 'steps', 'tasks', 'what to do'].map(
      (name): [string, Parts] => [name, { instructions: ['x'] }],
    ),
    ...['verification', 'verify', 'tests', 'testing', 'how to verify', 'how to test'].map((name): [string, Parts] => [
      name,
      { expectations: ['x'] },
    ]),
    ...['review', 'review criteria'].map((name): [string, Parts] => [name, { criteria: ['x'] }]),
    ...['surface', 'conflict surface', 'files', 'paths'].map((name): [string, Parts] => [name, { surface: ['x'] }]),
    ...['task', 'task id', 'id'].map((name): [string, Parts] => [name, { taskId: 'x' }]),
    ...['repo', 'repository'].map((name): [string, Parts] => [name, { repo: 'x' }]),
    ...['issue', 'issue number'].map((name): [string, Parts] => [name, { issue: 'x' }]),
    ['branch', { branch: 'x' }],
    ...['base', 'base branch'].map((name): [string, Parts] => [name, { base: 'x' }]),
    ['agent', { agent: 'x' }],
  ])('%j means one part, in capitals and with a colon too', (heading, said) => {
    expect(under(heading, 'x')).toEqual(parts(said));
    expect(under(`${heading.toUpperCase()}::`, 'x')).toEqual(parts(said));
    expect(under(`**${heading}:**`, 'x')).toEqual(parts(said));
    expect(under(heading.replaceAll(' ', '-'), 'x')).toEqual(parts(said));
    expect(draftOfMarkdown(`${heading}\n---\nx`, () => false)).toEqual(parts(said));
    expect(draftOfMarkdown(`${heading}\n  === \n\nx`, () => false)).toEqual(parts(said));
  });

  it.each(['- a\n---\nx', 'a\n\n---\nx', 'a\nb\n---\nx', '| a |\n---\nx', '---\nx'])(
    'a rule below %j makes no heading',
    (text) => {
      expect(draftOfMarkdown(text, () => false)).toEqual(parts({ instructions: [text] }));
    },
  );

  it.each([
    '# Goal',
    '   ## Goal',
    '###### Goal',
    '## \tGoal',
    '##\tGoal',
    '## Goal ##',
    '## Goal \t#\t ',
    '## Goal : :',
  ])('may be written %j', (line) => {
    expect(read(`${line}\nx`)).toEqual(parts({ goal: 'x' }));
  });

  it.each(['    ## Goal', '####### Goal', '##Goal', 'a ## Goal', '##', '## '])('is not %j', (line) => {
    expect(read(`a\n${line}\nx`)).toEqual(parts({ instructions: [`a\n${line}\nx`] }));
  });

  it.each([
    ['## Goal#', 'Goal#:\nx'],
    ['## ta:sk', 'ta:sk:\nx'],
    ['## Other ##', 'Other:\nx'],
    ['## Other \t##', 'Other:\nx'],
  ])('%j means no part, and is kept with what is under it', (line, instruction) => {
    expect(read(`${line}\n\nx\n\n`)).toEqual(parts({ instructions: [instruction] }));
  });

  it('with nothing under it is kept where it means no part', () => {
    expect(read('## Other\n\n## Goal\n')).toEqual(parts({ instructions: ['Other:'] }));
  });

  it('of the first level is the goal once, where nothing else is', () => {
    expect(read('# Title\nx\n# More\ny')).toEqual(parts({ goal: 'Title', instructions: ['x', 'More:\ny'] }));
    expect(read('# Title\n## Goal\na\n\nb\n## Scope\nc\n\nd')).toEqual(parts({ goal: 'a\n\nb\n\nc\n\nd' }));
    expect(read('# Title\n## Scope\nc')).toEqual(parts({ goal: 'Title\n\nc' }));
  });

  it('may come twice: both say the part, and what means none comes before the instructions', () => {
    expect(read('## Steps\na\n## Other\nb\n## Tasks\nc')).toEqual(parts({ instructions: ['Other:\nb', 'a', 'c'] }));
  });

  it.each([
    '```\n## Goal\n```',
    '~~~\n## Goal\n~~~',
    '````\n```\n## Goal\n````',
    '   ```\n## Goal',
    '```\n~~~\n## Goal',
  ])('is none within a block of code: %j', (text) => {
    expect(read(text)).toEqual(parts({ instructions: [text.trim()] }));
  });

  it.each(['    ```', '``', '~~', 'a ```', 'a ~~~', '```\n```', '```\n````', '~~~sh\n~~~'])(
    'is one where no block of code is open: after %j',
    (text) => {
      expect(read(`a\n${text}\n## Goal\nx`)).toEqual(parts({ goal: 'x', instructions: [`a\n${text}`] }));
    },
  );
});

describe('a comment', () => {
  it.each([
    ['a<!-- b -->c<!-- d -->e', 'ace'],
    ['a<!-- b\nc -->d', 'ad'],
    ['a<!-- b', 'a'],
    ['a ```\n<!-- b -->c', 'a ```\nc'],
    ['a\n    ```\n<!-- b -->c', 'a\n    ```\nc'],
    ['a\n``\n<!-- b -->c', 'a\n``\nc'],
    ['a\n~~\n<!-- b -->c', 'a\n~~\nc'],
    ['```\nx\n```\n<!-- b -->c', '```\nx\n```\nc'],
    ['```\nx\n   ````~ \t\n<!-- b -->c', '```\nx\n   ````~ \t\nc'],
    ['~~~\n```\n~~~\n<!-- b -->c', '~~~\n```\n~~~\nc'],
  ])('is taken out of %j', (text, rest) => {
    expect(read(text)).toEqual(parts({ instructions: [rest] }));
  });

  it.each([
    '```\n<!-- b -->\n```',
    'a\n   ~~~\n<!-- b -->\n~~~',
    '```\n``` x\n<!-- b -->\n```\nc',
    '```\n    ```\n<!-- b -->\n```\nc',
    '```\nx ```\n<!-- b -->\n```\nc',
    '````\n```\n<!-- b -->\n````\nc',
    '```\n~~~\n<!-- b -->\n```\nc',
    '```\n<!-- open to the end',
  ])('stays within a block of code: %j', (text) => {
    expect(read(text)).toEqual(parts({ instructions: [text] }));
  });
});

describe('the entries of a section', () => {
  it.each<[string, string[]]>([
    ['a\nb', ['a\nb']],
    ['a  \n  b  \nc', ['a\nb\nc']],
    ['a\n\nb', ['a', 'b']],
    ['a\n \t\nb', ['a', 'b']],
    ['a\n\n b', ['a', 'b']],
    ['- a\n* b\n+ c\n1. d\n2) e\n123456789. f', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['-\ta\n\t- b', ['a', 'b']],
    ['-a', ['-a']],
    ['1234567890. a', ['1234567890. a']],
    ['1: a', ['1: a']],
    ['x - a', ['x - a']],
    ['- ', []],
    ['- a  ', ['a']],
    ['- [ ] a\n- [x] b\n- [X] c\n-  [ ]\td', ['a', 'b', 'c', 'd']],
    ['- [y] a\n- [x]b\n- c [x] d', ['[y] a', '[x]b', 'c [x] d']],
    ['- a\nb', ['a\nb']],
    ['- a\n\n  b', ['a\nb']],
    ['- a\n\nb c', ['a', 'b c']],
    ['- a\n - b', ['a', 'b']],
    ['- a\n  - b', ['a\n- b']],
    [' - a\n  - b', ['a', 'b']],
    [' - a\n   - b', ['a\n- b']],
    ['    - a\n- b\n  - c', ['a', 'b\n- c']],
    ['a\n    - b', ['a', 'b']],
    ['a\n```\nb\n\n  c\n```\nd', ['a', 'b\n\n  c', 'd']],
    ['- a\n```\nb\n```\n  c', ['a', 'b', 'c']],
    ['````\n```\n- b\n````\nc', ['```\n- b', 'c']],
    ['      ~~~sh\n- b\n~~~~', ['- b']],
    ['``\na', ['``\na']],
    ['a ```\nb', ['a ```\nb']],
    ['~~\na', ['~~\na']],
    ['```\n```', []],
  ])('of %j are %j', (text, entries) => {
    expect(under('Acceptance', text)).toEqual(parts({ acceptance: entries }));
  });
});

describe('a check', () => {
  it.each([
    ['npm test', 'npm test'],
    ['- npm test', 'npm test'],
    ['`make`', 'make'],
    ['` make `', 'make'],
    ['`make`.', 'make'],
    ['`make`;', 'make'],
    ['`make`,', 'make'],
  ])('%j is a command', (text, command) => {
    expect(under('Verify', text)).toEqual(parts({ commands: [command] }));
  });

  it.each(['make', 'run `make`', '`make` passes', '`a` `b`', '`make`:', '`make`..', '``'])('%j is not', (text) => {
    expect(under('Verify', text)).toEqual(parts({ expectations: [text] }));
  });

  it('in a block of code is a command on each line, without prompts, blank lines and comments', () => {
    expect(under('Verify', '```\nmake\n  a  \n\n$ b\n$ \tc\n$d\ne $ f\n# g\n  # h\ni #\n```')).toEqual(
      parts({ commands: ['make', 'a', 'b', 'c', '$d', 'e $ f', 'i #'] }),
    );
  });
});

describe('the surface', () => {
  it.each<[string, string[]]>([
    ['a,b\n c ,, d', ['a', 'b', 'c', 'd']],
    ['- a, b\n- c', ['a, b', 'c']],
    ['- `a` and ` b `', ['a', 'b']],
    ['see `a`, b', ['a']],
    ['- [c](src/c.js)\n- [the `d`](./src/d.js "D")', ['src/c.js', 'd']],
    ['[a](src/a.js#L10), [`b`](<src/b.js>)', ['b']],
    ['[a](src/a.js#L10), [src/b.js](https://example.invalid/b)', ['src/a.js', 'src/b.js']],
    ['- src/b.js – the b\n- src/d.js (new)\n- src/e.js: later (x)', ['src/b.js', 'src/d.js', 'src/e.js']],
    ['- (marketing)/page.tsx\n- a-b/c – d\n- app/(shop)/x', ['(marketing)/page.tsx', 'a-b/c', 'app/(shop)/x']],
    ['```\na\nb\n```', ['a', 'b']],
  ])('of %j is %j', (text, surface) => {
    expect(under('Files', text)).toEqual(parts({ surface }));
  });
});

describe('a single word', () => {
  it.each<[string, string | null]>([
    ['a\nb', 'a'],
    ['a\n\nb', 'a'],
    ['- a  \n  b', 'a'],
    ['`a`', 'a'],
    ['- `a`  \n  b', 'a'],
    ['`a` b', '`a` b'],
    ['b `a`', 'b `a`'],
    ['``', null],
    ['', null],
  ])('of %j is %j', (text, branch) => {
    expect(under('Branch', text)).toEqual(parts({ branch }));
  });
});
