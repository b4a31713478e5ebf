import { describe, expect, test } from 'vitest';
import type { System } from '../../src/kernel/system.ts';
import { PRODUCT_SYSTEMS } from '../../src/prove/systems.ts';
import { codeFiles, type SourceFile } from './source-tree.ts';
import { definedSystems } from './systems.ts';

const file = (text: string, path = 'src/run/a.ts'): SourceFile => ({ path, text });

/** Proven: the systems of the list, and the earlier rules that they continue from. */
const proven = PRODUCT_SYSTEMS.flatMap(({ subject: { system } }) => withEarlier(system));

function withEarlier(system: System): readonly System[] {
  return system.previous === null ? [system] : [system, ...withEarlier(system.previous.system)];
}

describe('systems of the product', () => {
  test.each([
    ['export const a = defineSystem({', 'a'],
    ['export const a: System =\n  defineSystem(parts);', 'a'],
    ['const a = defineSystem<Root>(parts);', null],
    ['export default defineSystem(parts);', null],
    ['return defineSystem(parts);', null],
  ])('are seen: %s', (text, name) => {
    expect(definedSystems([file(text)])).toEqual([{ path: 'src/run/a.ts', line: expect.any(Number), name }]);
  });

  test('are not the function itself, its import, or what a test defines', () => {
    const text = "import { defineSystem } from './system.ts';\nexport function defineSystem<Root>(parts) {}\n";
    expect(definedSystems([file(text), file('defineSystem(a)', 'test/kernel/a.ts')])).toEqual([]);
  });

  test('are all proven: each one is listed in src/prove/systems.ts', async () => {
    const defined = definedSystems(codeFiles());
    expect(defined.length).toBeGreaterThan(0);
    for (const { path, line, name } of defined) {
      const exported: Record<string, unknown> = await import(/* @vite-ignore */ `../../${path}`);
      expect(
        proven.some((system) => name !== null && system === exported[name]),
        `${path}:${line}`,
      ).toBe(true);
    }
  });

  test('are listed once', () => {
    expect(new Set(proven).size).toBe(proven.length);
  });
});
