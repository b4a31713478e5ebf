// A sample of the mutants, for an estimate of the score in minutes: windows of a few lines, drawn by chance from all that is mutated.
// Usage: node test/support/mutation-sample.mjs [WINDOWS] [SEED]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const LINES = 12;
const [windows = '60', seed = String(Math.floor(Math.random() * 1_000_000))] = process.argv.slice(2);

/** Windows are sorted by this: which come first is chance, and the same for the same seed. */
const lot = (window) => createHash('sha256').update(`${seed} ${window}`).digest('hex');

const { mutate } = JSON.parse(readFileSync('stryker.config.json', 'utf8'));
const all = spawnSync('git', ['ls-files', ...mutate.map((glob) => `:(glob)${glob}`)], { encoding: 'utf8' })
  .stdout.trim()
  .split('\n')
  .flatMap((file) => {
    const count = readFileSync(file, 'utf8').split('\n').length;
    return Array.from({ length: Math.ceil(count / LINES) }, (_, n) => `${file}:${n * LINES + 1}-${(n + 1) * LINES}`);
  });
const drawn = all.sort((a, b) => (lot(a) < lot(b) ? -1 : 1)).slice(0, Number(windows));
console.log(`${drawn.length} of ${all.length} windows of ${LINES} lines, seed ${seed}`);
const { status } = spawnSync('npx', ['stryker', 'run', '--mutate', drawn.join(',')], { stdio: 'inherit' });
process.exitCode = status ?? 1;
