import { expect, it } from 'vitest';
import { bundleAt, importsOf, packagesIn } from '../support/bundles.ts';

it.each([
  ['host/main.js', ['canonicalize']],
  ['host/verification-worker.js', []],
])('%s loads nothing but Node and holds no package but %j', (place, packages) => {
  const bundle = bundleAt(place);
  const { start, late } = importsOf(bundle);
  expect([...start, ...late].filter((name) => !name.startsWith('node:'))).toEqual([]);
  expect(packagesIn(bundle)).toEqual(packages);
});

it('such a check does see a package that a bundle holds', () => {
  expect(packagesIn(bundleAt('adapters/agents/acp-worker.js'))).toContain('zod');
});
