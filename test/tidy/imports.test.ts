import { describe, expect, test } from 'vitest';
import { importsOf, targetOf } from './imports.ts';

const read = (text: string): string[] =>
  importsOf({ path: 'src/run/a.ts', text }).map(({ kind, specifier, line }) => `${line} ${kind} ${specifier}`);

describe('the imports of a file', () => {
  test('are found over one line and over many', () => {
    expect(read(`import { a } from './a.ts';\nimport {\n  b,\n  type C,\n} from "../b/b.ts";\n`)).toEqual([
      '1 static ./a.ts',
      '2 static ../b/b.ts',
    ]);
  });

  test('are of kind type only when the whole statement is', () => {
    expect(
      read(
        `import type { A } from './a.ts';\nimport { type B } from './b.ts';\nexport type { C } from './c.ts';\nimport type from './d.ts';`,
      ),
    ).toEqual(['1 type ./a.ts', '2 static ./b.ts', '3 type ./c.ts', '4 static ./d.ts']);
  });

  test('are found as re-export, for their side effects, and as an expression', () => {
    expect(
      read(
        `export * from './a.ts';\nimport './b.ts';\nconst c = await import('./c.ts');\nimport * as fs from 'node:fs';`,
      ),
    ).toEqual(['1 static ./a.ts', '2 static ./b.ts', '3 lazy ./c.ts', '4 static node:fs']);
  });

  test('in comments and strings are none', () => {
    expect(
      read(`// import { a } from './a.ts';\nconst b = "import { b } from './b.ts'";\nexport const from = 'x';`),
    ).toEqual([]);
  });

  test('name project files by their path from the top', () => {
    expect(targetOf('src/run/a.ts', '../base/b.ts')).toBe('src/base/b.ts');
    expect(targetOf('src/run/a.ts', '../../machines/run/run.machine.ts')).toBe('machines/run/run.machine.ts');
    expect(targetOf('src/run/a.ts', 'zod')).toBeNull();
  });
});
