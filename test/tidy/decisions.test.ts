import { describe, expect, test } from 'vitest';
import { malformedDecisions, undecided } from './decisions.ts';
import { projectPaths, readFiles, type SourceFile, told } from './source-tree.ts';

const manifest = (...names: string[]): SourceFile => ({
  path: 'package.json',
  text: JSON.stringify({
    dependencies: Object.fromEntries(names.map((name) => [name, '1'])),
    devDependencies: { d: '1' },
  }),
});
const decision = (number: string, text: string): SourceFile => ({ path: `docs/decisions/${number}-x.md`, text });
const WHOLE = '# X\n## What it does for us\na\n## What was considered\nb\n## What leaving it would cost\nc\n';

describe('decisions', () => {
  test('cover every dependency once, and nothing else', () => {
    const decisions = [decision('0001', '# A\n\nPackages: `@a/b`, `d`'), decision('0002', '# C\n\nPackage: `c` 1.x')];
    expect(undecided(manifest('@a/b', 'c'), decisions)).toEqual([]);
    expect(told(undecided(manifest('@a/b', 'e'), decisions))).toEqual([
      'docs/decisions/0002-x.md:3 c is no dependency',
      'package.json e has 0 decisions',
    ]);
    expect(told(undecided(manifest('@a/b', 'c'), [...decisions, decision('0003', 'Package: `c`')]))).toEqual([
      'package.json c has 2 decisions',
    ]);
  });

  test('are numbered without a gap and have their three sections', () => {
    expect(malformedDecisions([decision('0001', WHOLE), decision('0002', WHOLE)])).toEqual([]);
    expect(told(malformedDecisions([decision('0001', WHOLE), decision('0003', WHOLE)]))).toEqual([
      'docs/decisions/0003-x.md is not number 0002',
    ]);
    expect(malformedDecisions([decision('0001', WHOLE.replace('considered', 'seen'))])).toHaveLength(1);
  });
});

describe('the project', () => {
  const decisions = readFiles(projectPaths().filter((path) => /^docs\/decisions\/.*\.md$/.test(path)));

  test('has a decision for every dependency', () => {
    expect(told(readFiles(['package.json']).flatMap((file) => undecided(file, decisions)))).toEqual([]);
  });
  test('has decisions that are whole', () => {
    expect(decisions.length).toBeGreaterThan(0);
    expect(told(malformedDecisions(decisions))).toEqual([]);
  });
});
