import { describe, expect, test } from 'vitest';
import { barrels, defaultExports, idleTests, swallowedErrors, untypedForms } from './forms.ts';
import { codeFiles, type SourceFile, told } from './source-tree.ts';

const file = (text: string, path = 'src/run/a.ts'): SourceFile => ({ path, text });
const tree = codeFiles();

describe('forms that we do not use', () => {
  test.each(['export default 1;', 'const a = 1;\nexport { a as default };', 'export default function a() {}'])(
    'a default export is seen: `%s`',
    (text) => {
      expect(defaultExports([file(text)])).toHaveLength(1);
    },
  );

  test.each([
    `export * from './b.ts';`,
    `/** A thing. */\nexport { b } from './b.ts';\nexport type { C } from './c.ts';`,
    `import { b } from './b.ts';\nexport * from './c.ts';\nexport { b };`,
  ])('a barrel is seen: `%s`', (text) => {
    expect(told(barrels([file(text)]))).toEqual(['src/run/a.ts is a barrel: import from where it is made']);
    expect(barrels([file(text, 'src/index.ts')])).toEqual([]);
  });

  test.each([
    `import { b } from './b.ts';\nexport const c = b;`,
    `export { b } from './b.ts';\nexport const c = 1;`,
    `import './b.ts';`,
  ])('a module that makes something itself is no barrel: `%s`', (text) => {
    expect(barrels([file(text)])).toEqual([]);
  });

  test('a public entry that makes something itself is seen', () => {
    const text = `export { b } from './b.ts';\nexport const c = 1;`;
    expect(told(barrels([file(text, 'machines/index.ts')]))).toEqual([
      'machines/index.ts a public entry only passes on',
    ]);
  });

  test.each([
    'const a: any = 1;',
    'const a = b as any;',
    'function f(a: any): void {}',
    'const a: Record<string, any> = {};',
    'const a: any[] = [];',
    'const a = z.any();',
    'const a = b as unknown as C;',
    '// @ts-ignore\nf();',
  ])('a door out of the type system is seen: `%s`', (text) => {
    expect(untypedForms([file(text)])).toHaveLength(1);
  });

  test.each([
    'expect.any(String);',
    'Promise.any(a);',
    "const a = 'any';",
    'const a = company;',
    '// any',
    '// @ts-expect-error: why',
  ])('what only looks like one is not: `%s`', (text) => {
    expect(untypedForms([file(text)])).toEqual([]);
  });

  test.each([
    'try { f(); } catch {}',
    'try { f(); } catch (error) {\n}',
    'await f().catch(() => {});',
    'f().catch(() => undefined);',
  ])('a swallowed error is seen: `%s`', (text) => {
    expect(swallowedErrors([file(text)])).toHaveLength(1);
  });

  test.each([
    'try { f(); } catch {\n  // gone already: that is what we want\n}',
    'await f().catch(() => {}); // its owner awaits it',
    'try { f(); } catch (error) { throw new Error("f", { cause: error }); }',
    'await f().catch((error) => { report(error); });',
  ])('one with a reason on that line is not: `%s`', (text) => {
    expect(swallowedErrors([file(text)])).toEqual([]);
  });

  test.each([
    `test.skip('a', () => {});`,
    `describe.only('a', () => {});`,
    `it.todo('a');`,
    `test.concurrent.skip('a', () => {});`,
    `const check = has ? test : test.skip;`,
    `xit('a', () => {});`,
  ])('a test that is left out is seen: `%s`', (text) => {
    expect(told(idleTests([file(text, 'test/a.test.ts')]))).toEqual(['test/a.test.ts:1 leaves a test out']);
  });

  test('a test that names the condition it needs is not', () => {
    expect(idleTests([file(`test.skipIf(!hasFlock)('a', () => {});`, 'test/a.test.ts')])).toEqual([]);
  });
});

describe('the project', () => {
  test('exports by name', () => expect(told(defaultExports(tree))).toEqual([]));
  test('has no barrel but its public entries', () => expect(told(barrels(tree))).toEqual([]));
  test('stays inside of the type system', () => expect(told(untypedForms(tree))).toEqual([]));
  test('swallows no error', () => expect(told(swallowedErrors(tree))).toEqual([]));
  test('leaves no test out', () => expect(told(idleTests(tree))).toEqual([]));
});
