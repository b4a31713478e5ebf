import { describe, expect, test } from 'vitest';
import { lockedElsewhere, machinePaths, privateHosts } from './places.ts';
import { projectPaths, readFiles, type SourceFile, textFiles, told } from './source-tree.ts';

const file = (text: string, path = 'src/run/a.ts'): SourceFile => ({ path, text });
/** Put together here, so that this file holds no such path itself. */
const absolute = (...parts: string[]): string => ['', ...parts].join('/');
const tree = textFiles();

describe('paths of one machine', () => {
  test.each([
    absolute('work', 'main'),
    absolute('root'),
    absolute('home', 'someone', 'a'),
    absolute('Users', 'someone'),
  ])('are seen: %s', (path) => {
    expect(told(machinePaths([file(`a;\nconst a = '${path}';`)]))).toEqual([
      'src/run/a.ts:2 names a path of one machine',
    ]);
    expect(machinePaths([file(`run ${path} now`, 'docs/a.md')])).toHaveLength(1);
  });

  test.each([
    `const a = join(top, 'work', 'a');`,
    ['const a = `$', '{top}', absolute('work', 'a'), '`;'].join(''),
    `// see https://example.org${absolute('home', 'a')}`,
    `import { a } from './${'work'}/a.ts';`,
    `const a = '${absolute('homework', 'a')}';`,
    `const a = '${absolute('tmp', 'work', 'a')}';`,
  ])('what only looks like one is not: `%s`', (text) => {
    expect(machinePaths([file(text)])).toEqual([]);
  });
});

describe('private hosts', () => {
  const scheme = ['https:', '', ''].join('/');

  test('of a registry or without a name are seen', () => {
    expect(told(privateHosts([file(`a;\n${scheme}npm.example.internal/x`)]))).toEqual([
      'src/run/a.ts:2 names the host npm.example.internal',
    ]);
    expect(privateHosts([file(`${scheme}user:pass@mirror.example.org/npm`)])).toHaveLength(1);
    expect(privateHosts([file(`${scheme}10.1.2.3:4873/`)])).toHaveLength(1);
  });

  test('are not the public registry, this machine or a document', () => {
    const text = ['registry.npmjs.org/xstate', '127.0.0.1:80', 'json-schema.org/draft', 'github.com/a/b'];
    expect(privateHosts([file(text.map((rest) => `${scheme}${rest}`).join('\n'))])).toEqual([]);
  });

  test('in a lock file are seen', () => {
    const lock = (from: string): SourceFile => file(`{\n  "resolved": "${from}"\n}`, 'package-lock.json');
    expect(lockedElsewhere(lock(`${scheme}registry.npmjs.org/a/-/a-1.0.0.tgz`))).toEqual([]);
    expect(told(lockedElsewhere(lock(`${scheme}registry.example.org/a.tgz`)))).toEqual([
      `package-lock.json:2 resolves a package from ${scheme}registry.example.org/a.tgz`,
    ]);
    expect(lockedElsewhere(lock('file:../a.tgz'))).toHaveLength(1);
  });
});

describe('the project', () => {
  test('names no path of one machine', () => expect(told(machinePaths(tree))).toEqual([]));
  test('names no private host', () => expect(told(privateHosts(tree))).toEqual([]));
  test('locks its packages to the public registry, and has no registry settings of its own', () => {
    expect(told(readFiles(['package-lock.json']).flatMap(lockedElsewhere))).toEqual([]);
    expect(projectPaths()).not.toContain('.npmrc');
  });
});
