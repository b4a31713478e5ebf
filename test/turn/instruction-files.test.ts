import { describe, expect, it } from 'vitest';
import { instructionMatcher, readWith } from '../../src/turn/instruction-files.ts';

describe('a pattern of instruction files', () => {
  const matched = (patterns: readonly string[], paths: readonly string[]): readonly string[] =>
    paths.filter(instructionMatcher(patterns));

  it('means an entry of that name at any depth, in any case, and all that lies below it', () => {
    const isMeant = instructionMatcher(['CLAUDE.md', '.claude', '.github/hooks']);
    for (const path of [
      'CLAUDE.md',
      'a/b/CLAUDE.md',
      'a/claude.MD',
      'CLAUDE.md/below',
      '.claude',
      '.claude/settings.json',
      'a/.claude/skills/one/SKILL.md',
      '.github/hooks/one.json',
      'a/.github/hooks',
    ])
      expect(isMeant(path), path).toBe(true);
    for (const path of [
      'xCLAUDE.md',
      'CLAUDE.md.txt',
      'CLAUDExmd',
      'claude',
      '.claude2/x',
      'x.claude/y',
      '.github/workflows/ci.yml',
      'hooks',
      'src/claude.ts',
    ])
      expect(isMeant(path), path).toBe(false);
  });

  it('that begins with a slash means one place only', () => {
    expect(matched(['/.env'], ['.env', 'a/.env', '.env.local', '.env/x'])).toEqual(['.env', '.env/x']);
  });

  it('has stars for parts of a name, and two for any number of folders', () => {
    const paths = ['docs/a.md', 'docs/deep/er/a.md', 'docs/a.txt', 'x/docs/a.md', 'docs'];
    expect(matched(['/docs/*.md'], paths)).toEqual(['docs/a.md']);
    expect(matched(['/docs/**/*.md'], paths)).toEqual(['docs/a.md', 'docs/deep/er/a.md']);
    expect(matched(['*.instructions.md'], ['a.instructions.md', 'b/c.instructions.md', 'instructions.md'])).toEqual([
      'a.instructions.md',
      'b/c.instructions.md',
    ]);
  });

  it('takes signs of regular expressions as they are', () => {
    expect(matched(['a+b(c).md'], ['a+b(c).md', 'aab(c).md', 'a+bc.md'])).toEqual(['a+b(c).md']);
  });

  it('of none there is nothing', () => {
    expect(matched([], ['CLAUDE.md', ''])).toEqual([]);
  });
});

describe('what is read with an instruction file', () => {
  const file = (path: string, text: string, isLink = false) => readWith({ path, text, isLink });

  it('is the target of a link, unless that is the whole repository or outside it', () => {
    expect(file('CLAUDE.md', 'docs/agents.txt', true)).toEqual(['/docs/agents.txt']);
    expect(file('a/.claude', '../shared/./claude/', true)).toEqual(['/shared/claude']);
    for (const target of ['..', '../..', '../../x', '/etc/x', '../.'])
      expect(file('a/CLAUDE.md', target, true), target).toEqual([]);
  });

  it('is every text that it imports, told from its own folder', () => {
    const text = 'See @docs/style.md, and (@../top.txt) but @src/index.ts is code.\n- @~/own.md\n@a\\ b.md. x@y.md';
    expect(file('pkg/CLAUDE.md', text)).toEqual(['/pkg/docs/style.md', '/top.txt', '/pkg/a b.md']);
    expect(file('pkg/settings.toml', text)).toEqual([]);
  });

  it('is what the settings of its agent name', () => {
    const opencode =
      '{ // comment\n "instructions": ["docs/*.md", "https://a.invalid/x.md", "**/*"], "other": ["x/y"] }';
    expect(file('opencode.jsonc', opencode)).toEqual(['/docs/*.md']);
    const gemini = '{"contextFileName": "NOTES.md", "context": {"fileName": ["A.md", "b/C.md"]}, "theme": "T.md"}';
    expect(file('.gemini/settings.json', gemini)).toEqual(['NOTES.md', 'A.md', '/b/C.md']);
  });
});
