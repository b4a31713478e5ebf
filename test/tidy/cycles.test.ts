import { describe, expect, test } from 'vitest';
import { fileRings, roomRings } from './cycles.ts';
import { importingFiles, type SourceFile, told } from './source-tree.ts';

const file = (path: string, text: string): SourceFile => ({ path, text });
const tree = importingFiles();

describe('rings', () => {
  test('between files are seen once each, over any number of files', () => {
    const files = [
      file('src/run/a.ts', `import './b.ts';`),
      file('src/run/b.ts', `export { c } from './c.ts';`),
      file('src/run/c.ts', `import { a } from './a.ts';\nimport './c.ts';`),
      file('src/run/d.ts', `import './a.ts';`),
    ];
    expect(told(fileRings(files))).toEqual([
      'src/run/a.ts a ring of imports: src/run/a.ts → src/run/b.ts → src/run/c.ts → src/run/a.ts',
      'src/run/c.ts a ring of imports: src/run/c.ts → src/run/c.ts',
    ]);
  });

  test('of types alone are rings, between files and between rooms', () => {
    const files = [
      file('src/model/a.ts', `import type { B } from '../ports/b.ts';`),
      file('src/ports/b.ts', `import type { A } from '../model/a.ts';`),
    ];
    expect(told(fileRings(files))).toEqual([
      'src/model/a.ts a ring of imports: src/model/a.ts → src/ports/b.ts → src/model/a.ts',
    ]);
    expect(told(roomRings(files))).toEqual(['src/model/ a ring of rooms: src/model/ → src/ports/ → src/model/']);
  });
});

describe('the project', () => {
  test('has no ring of imports', () => expect(told(fileRings(tree))).toEqual([]));
  test('has no ring of rooms', () => expect(told(roomRings(tree))).toEqual([]));
});
