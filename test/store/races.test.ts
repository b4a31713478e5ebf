import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const TOP = resolve(import.meta.dirname, '../..');
const RACERS = 6;
const ROUNDS = 40;
let built = '';

/** Each racer opens the registry and goes for the same registers and lock generations as the others, as fast as it can. */
const RACER = `
import { Files } from './src/store/files.js';
import { nodeFs } from './src/adapters/node-fs.js';
import { systemClock } from './src/adapters/system-clock.js';
import { linkRegister } from './src/store/register.js';
import { openRegistry } from './src/store/registry.js';
import { takeLock } from './src/store/registry-lock.js';
const [root, rounds, startMs] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const files = new Files(nodeFs, systemClock);
const self = { pid: process.pid, startTime: 's', bootId: 'b', pidNamespace: 'n', hostname: 'h', machineId: 'm' };
const processes = { self: () => self, life: () => 'dead', signal: () => false, tree: () => null, startHost: () => null };
while (Date.now() < startMs) {}
const { paths, registryId } = await openRegistry(files, root);
const wins = [];
const generations = [];
for (let round = 0; round < rounds; round += 1) {
  const bytes = new TextEncoder().encode(systemClock.nonce());
  if ((await linkRegister(files, paths.root + '/register-' + round, bytes)).isWinner) wins.push(round);
}
for (let round = 0; round < 5; round += 1) {
  try {
    generations.push((await takeLock({ files, paths, clock: systemClock, processes, helperLock: null })).generation);
  } catch (error) {
    if (error.code !== 'PAWL_REGISTRY_LOCKED') throw error;
  }
}
console.log(JSON.stringify({ registryId, wins, generations }));
`;

beforeAll(() => {
  built = mkdtempSync(join(tmpdir(), 'pawl-races-'));
  const tsc = join(TOP, 'node_modules/.bin/tsc');
  const sources = ['adapters/node-fs', 'adapters/system-clock', 'store/registry-lock', 'store/registry'];
  const config = {
    extends: join(TOP, 'tsconfig.json'),
    compilerOptions: { rootDir: TOP, outDir: built, declaration: false, typeRoots: [join(TOP, 'node_modules/@types')] },
    include: [],
    files: sources.map((name) => join(TOP, `src/${name}.ts`)),
  };
  writeFileSync(join(built, 'tsconfig.json'), JSON.stringify(config));
  const made = spawnSync(tsc, ['-p', join(built, 'tsconfig.json'), '--noCheck'], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stdout);
  symlinkSync(join(TOP, 'node_modules'), join(built, 'node_modules'));
  writeFileSync(join(built, 'package.json'), '{"type":"module"}');
  writeFileSync(join(built, 'racer.mjs'), RACER);
});

afterAll(() => rmSync(built, { recursive: true, force: true }));

interface Result {
  readonly registryId: string;
  readonly wins: readonly number[];
  readonly generations: readonly number[];
}

function race(root: string, startMs: number): Promise<Result> {
  return new Promise((resolvePromise, reject) => {
    const child = spawn(process.execPath, [join(built, 'racer.mjs'), root, String(ROUNDS), String(startMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 20_000,
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolvePromise(JSON.parse(output)) : reject(new Error(`exit ${code}`))));
  });
}

it('of many real processes exactly one wins each register, and no lock generation is had twice', async () => {
  const root = join(built, 'registry');
  const startMs = Date.now() + 700;
  const results = await Promise.all(Array.from({ length: RACERS }, () => race(root, startMs)));
  expect(new Set(results.map((result) => result.registryId)).size).toBe(1);
  const wins = results.flatMap((result) => result.wins).sort((a, b) => a - b);
  expect(wins).toEqual(Array.from({ length: ROUNDS }, (_, round) => round));
  const generations = results.flatMap((result) => result.generations).sort((a, b) => a - b);
  expect(generations).toEqual(Array.from({ length: generations.length }, (_, index) => index + 1));
  expect(generations.length).toBeGreaterThan(0);
});
