import { describe, expect, test } from 'vitest';
import { deadLinks } from './doc-links.ts';
import { projectPaths, readFiles, type SourceFile, told } from './source-tree.ts';

const PATHS = ['README.md', 'docs/a.md', 'docs/decisions/0001-b.md', 'src/run/fold.ts'];
const linked = (text: string, path = 'docs/a.md'): string[] => told(deadLinks([{ path, text }], PATHS));
const paths = projectPaths();

describe('a link in a document', () => {
  test('leads to a file or a folder of the project', () => {
    expect(
      linked('[a](../README.md) [b](decisions/0001-b.md "b") [c](./decisions/) ![d](<../src/run/fold.ts>)'),
    ).toEqual([]);
    expect(linked('x\n[a](gone.md)')).toEqual(['docs/a.md:2 gone.md leads to no file']);
    expect(linked('x\n\n[a]: ../gone.png')).toEqual(['docs/a.md:3 ../gone.png leads to no file']);
    expect(linked('<img src="gone.svg">')).toEqual(['docs/a.md:1 gone.svg leads to no file']);
    expect(linked('[a](../../elsewhere.md)')).toEqual(['docs/a.md:1 ../../elsewhere.md leaves the project']);
    expect(linked(`[a](${'/docs/a.md'})`)).toEqual(['docs/a.md:1 /docs/a.md is absolute']);
  });

  test('leads to a heading, as GitHub names it', () => {
    const headings = "# A *b*, `c`\n## Don't & do\n## Again\n## Again\n";
    expect(linked(`${headings}[a](#a-b-c) [b](a.md#dont--do) [c](#again) [d](#again-1)`)).toEqual([]);
    expect(linked(`${headings}[a](#again-2)`)).toEqual(['docs/a.md:5 #again-2 leads to no heading']);
  });

  test('to another document leads to a heading of that one', () => {
    const documents: SourceFile[] = [
      { path: 'README.md', text: '[a](docs/a.md#there) [b](docs/a.md#gone)' },
      { path: 'docs/a.md', text: '# There' },
    ];
    expect(told(deadLinks(documents, PATHS))).toEqual(['README.md:1 docs/a.md#gone leads to no heading']);
  });

  test('in code, or to another site, is none', () => {
    expect(linked('`[a](gone.md)`\n\n```md\n[a](gone.md)\n# Title\n```\n[b](https://example.org/gone.md)')).toEqual([]);
    expect(linked('```sh\n# Title\n```\n[a](#title)')).toEqual(['docs/a.md:4 #title leads to no heading']);
  });
});

describe('the project', () => {
  test('has no dead link in README and docs/', () => {
    const documents = readFiles(paths.filter((path) => path === 'README.md' || /^docs\/.*\.md$/.test(path)));
    expect(told(deadLinks(documents, paths))).toEqual([]);
  });
});
