import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expect, it } from 'vitest';

const STORE = resolve(import.meta.dirname, '../../src/store');

/** Packages that loading the file loads, through every import that is not for types alone. */
function packagesOf(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  seen.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type\b)[^;]*?from '([^']+)'/gms);
  for (const [, from = ''] of imports) {
    if (!from.startsWith('.')) packages.add(from);
    else {
      const next = resolve(dirname(file), from);
      if (!seen.has(next)) for (const name of packagesOf(next, seen)) packages.add(name);
    }
  }
  return packages;
}

it('the worker host and `status` load neither zod nor xstate nor lowdb through the store', () => {
  for (const file of [
    'files',
    'register',
    'journal',
    'journal-tail',
    'snapshot-reading',
    'registry',
    'registry-lock',
    'artifacts',
    'inbox',
    'quarantine',
  ]) {
    const packages = [...packagesOf(resolve(STORE, `${file}.ts`))].filter((name) => !name.startsWith('node:'));
    expect(packages, file).toEqual(packages.filter((name) => name === 'canonicalize'));
  }
  expect(packagesOf(resolve(STORE, 'snapshot.ts'))).toContain('lowdb');
});
