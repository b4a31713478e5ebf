import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtPath } from '../host/built.ts';

const RACERS = 6;
const ROUNDS = 40;
let folder = '';

/** Each racer opens the registry and goes for the same registers and lock generations as the others, as fast as it can. */
const RACER = `
import { Files } from '${builtPath('src/store/files.ts')}';
import { nodeFs } from '${builtPath('src/adapters/node-fs.ts')}';
import { systemClock } from '${builtPath('src/adapters/system-clock.ts')}';
import { linkRegister } from '${builtPath('src/store/register.ts')}';
import { openRegistry } from '${builtPath('src/store/registry.ts')}';
import { takeLock } from '${builtPath('src/store/registry-lock.ts')}';
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
  folder = mkdtempSync(join(tmpdir(), 'pawl-races-'));
  writeFileSync(join(folder, 'racer.mjs'), RACER);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  readonly registryId: string;
  readonly wins: readonly number[];
  readonly generations: readonly number[];
}

function race(root: string, startMs: number): Promise<Result> {
  return new Promise((resolvePromise, reject) => {
    const child = spawn(process.execPath, [join(folder, 'racer.mjs'), root, String(ROUNDS), String(startMs)], {
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
  const root = join(folder, 'registry');
  const startMs = Date.now() + 700;
  const results = await Promise.all(Array.from({ length: RACERS }, () => race(root, startMs)));
  expect(new Set(results.map((result) => result.registryId)).size).toBe(1);
  const wins = results.flatMap((result) => result.wins).sort((a, b) => a - b);
  expect(wins).toEqual(Array.from({ length: ROUNDS }, (_, round) => round));
  const generations = results.flatMap((result) => result.generations).sort((a, b) => a - b);
  expect(generations).toEqual(Array.from({ length: generations.length }, (_, index) => index + 1));
  expect(generations.length).toBeGreaterThan(0);
});
