import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { builtPath } from './built.ts';

/** Every module that loading `entry` loads: packages by name, our own by path. */
function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const imports = readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g);
    for (const [, name = ''] of imports) {
      if (name.startsWith('.')) open.push(resolve(dirname(file), name));
      else packages.add(name);
    }
  }
  return { files, packages };
}

it.each(['src/host/main.ts', 'src/host/verification-worker.ts'])(
  '%s loads nothing but Node and canonicalize',
  (entry) => {
    const { files, packages } = loadedBy(builtPath(entry));
    expect(files.size).toBeGreaterThan(5);
    expect([...packages].filter((name) => !name.startsWith('node:'))).toEqual(['canonicalize']);
  },
);

it('such a walk does see a package that is loaded further down', () => {
  expect([...loadedBy(builtPath('src/model/event.ts')).packages]).toContain('zod');
});
