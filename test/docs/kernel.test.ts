/** Someone who installs the package can run the examples as docs/kernel.md says: with that tsconfig.json, and one copy of xstate and zod. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const page = readFileSync('docs/kernel.md', 'utf8');
let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'pawl-examples-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

it('the line that installs names the versions that the package itself depends on', () => {
  const { version, dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(page).toContain(`npm install ./pawl-${version}.tgz xstate@${dependencies.xstate} zod@${dependencies.zod} `);
});

it('the examples compile with the tsconfig.json of the page, and run', () => {
  const config = /with this `tsconfig\.json`:\n\n```json\n(?<text>.*?)```/s.exec(page)?.groups?.text;
  writeFileSync(join(place, 'tsconfig.json'), config ?? '');
  writeFileSync(join(place, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(place, 'node_modules'));
  for (const name of ['xstate', 'zod', '@types'])
    symlinkSync(resolve('node_modules', name), join(place, 'node_modules', name));
  symlinkSync(resolve('.'), join(place, 'node_modules/pawl'));
  cpSync('docs/examples', join(place, 'src'), { recursive: true });
  const run = (...args: readonly string[]): string =>
    execFileSync(process.execPath, [...args], { cwd: place, encoding: 'utf8' });
  run(resolve('node_modules/typescript/bin/tsc'));
  expect(run('dist/shop.js', './shop', 'order-17')).toContain('order-17 is shipped');
});
