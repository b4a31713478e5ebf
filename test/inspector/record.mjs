/**
 * Records the registry in test/inspector/recorded anew, by real runs of the built command: `node test/inspector/record.mjs`.
 *
 * Owns: the packets, the script of their workers, the crash and the damage, what is kept of it. Does not own: the pictures (shots).
 * Command and sandbox lie in neutral folders, so that no path of the machine it is made on gets into the record.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const top = '/tmp/pawl-record';
const shop = join(top, 'shop');
const pawl = join(top, 'pawl', 'dist/src/cli/main.js');
const registry = join(shop, '.pawl');
const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: top, TMPDIR: '/tmp', LANG: 'C.UTF-8' };

const answer = (summary, verdict) => ({ do: 'answer', summary, ...(verdict === undefined ? {} : { verdict }) });
const finding = (message) => [{ severity: 'major', message, file: 'src/cart.mjs', line: 1 }];
const GOOD = { status: 'PASS', summary: 'The discount is applied once, and rounded.', findings: [] };
const ROUGH = {
  status: 'FAIL',
  summary: 'The total is not rounded to cents.',
  findings: finding('9.99 with 10 % off gives 8.991: round to cents.'),
};
const UNCLEAR = {
  status: 'BLOCKED',
  summary: 'The packet does not say which currency is meant.',
  findings: finding('Euro or dollar? The packet names neither.'),
};
const write = (path, text) => ({ do: 'write', path, text });
const sleep = (ms) => ({ do: 'sleep', ms });
const first =
  "export const total = (items, code) => items.reduce((sum, item) => sum + item.price, 0) * (code === 'TEN' ? 0.9 : 1);\n";
const second =
  "export const total = (items, code) => {\n  const sum = items.reduce((all, item) => all + item.price, 0);\n  return Math.round(sum * (code === 'TEN' ? 90 : 100)) / 100;\n};\n";

const config = (firstReview, workMs, path = 'src/cart.mjs') => ({
  agents: {
    scripted: {
      kind: 'scripted',
      steps: {
        implementation: [
          { do: 'print', text: 'Reading src/cart.mjs\n' },
          sleep(workMs),
          { do: 'print', text: 'Writing total(items, code)\n' },
          write(path, first),
          sleep(workMs),
          answer('total() takes a discount code.'),
        ],
        'review.e1': [sleep(600), answer('Looked at it.', firstReview)],
        review: [sleep(600), answer('Good.', GOOD)],
        fix: [sleep(900), write(path, second), answer('Rounded to cents.')],
      },
    },
  },
  roles: { implementer: 'scripted', fixer: 'scripted', reviewer: 'scripted' },
  verification: { allow: ['node --test *'] },
});

const packet = (number, goal, surface, more = {}) => ({
  task_id: `SHOP-${number}`,
  approval: { status: 'approved', approved_by: 'ada' },
  scm_target: { repo: 'shop/cart', issue_number: number, intended_branch: `pawl/shop-${number}`, base_branch: 'main' },
  scope: { goal, acceptance_criteria: ['total() works as described'] },
  implementation: { instructions: goal },
  verification: { commands: ['node --test test/cart.test.mjs'] },
  review: { criteria: ['Readable'] },
  conflict_surface: [surface],
  ...more,
});

const inShop = (command, ...args) => spawnSync(command, args, { cwd: shop, env, encoding: 'utf8', timeout: 60_000 });
const run = (...args) => inShop(process.execPath, pawl, ...args);
const json = (name, value) => writeFileSync(join(shop, name), JSON.stringify(value, null, 1));
const runOf = (number) => readdirSync(join(registry, 'runs')).find((name) => name.includes(`SHOP-${number}_`)) ?? '';

function makeShop() {
  rmSync(top, { recursive: true, force: true });
  for (const folder of ['pawl', 'shop/src', 'shop/test']) mkdirSync(join(top, folder), { recursive: true });
  cpSync(here('../../dist'), join(top, 'pawl/dist'), { recursive: true });
  cpSync(here('../../package.json'), join(top, 'pawl/package.json'));
  symlinkSync(here('../../node_modules'), join(top, 'pawl/node_modules'));
  writeFileSync(
    join(shop, 'src/cart.mjs'),
    'export const total = (items) => items.reduce((sum, item) => sum + item.price, 0);\n',
  );
  writeFileSync(
    join(shop, 'test/cart.test.mjs'),
    "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport { total } from '../src/cart.mjs';\ntest('adds prices up', () => assert.equal(total([{ price: 2 }, { price: 3 }]), 5));\n",
  );
  inShop('git', 'init', '-q', '-b', 'main', '.');
  appendFileSync(join(shop, '.git/config'), '[user]\n\tname = Ada\n\temail = ada@example.org\n');
  inShop('git', 'add', '-A');
  inShop('git', 'commit', '-qm', 'The cart');
}

/** A run whose first runner is killed while its worker works; the second one finishes it. */
async function crashAndGoOn() {
  json('pawl.config.json', config(ROUGH, 1_200));
  json('packets.json', { packets: [packet(12, 'Take a discount code in total()', 'src/cart.mjs')] });
  const runner = spawn(process.execPath, [pawl, 'run', '--packets', 'packets.json'], {
    cwd: shop,
    env,
    stdio: 'ignore',
  });
  const journal = () =>
    existsSync(registry) && runOf(12) !== '' ? join(registry, 'runs', runOf(12), 'events.jsonl') : '';
  for (let n = 0; n < 400; n += 1) {
    const path = journal();
    if (path !== '' && existsSync(path) && readFileSync(path, 'utf8').includes('workerSpawned')) break;
    await wait(25);
  }
  await wait(300);
  runner.kill('SIGKILL');
  await wait(300);
  run('run');
}

/** Runs that are blocked, set aside, insufficient and queued. */
function others() {
  const lacking = { verification: { commands: [] }, review: { criteria: [] } };
  json('more.json', {
    packets: [
      packet(13, 'Show the total with its currency', 'src/price.mjs'),
      packet(14, 'Free delivery from 50 on', 'src/delivery.mjs', lacking),
      packet(15, 'Keep the cart between visits', 'src/keep.mjs'),
      packet(16, 'Say what a code is worth', 'src/code.mjs'),
    ],
  });
  run('intake', 'more.json');
  json('pawl.config.json', config(UNCLEAR, 200, 'src/price.mjs'));
  run('run', runOf(13));
  json('pawl.config.json', config(UNCLEAR, 200, 'src/keep.mjs'));
  run('run', runOf(15));
  const journal = join(registry, 'runs', runOf(15), 'events.jsonl');
  const lines = readFileSync(journal, 'utf8').split('\n');
  writeFileSync(journal, lines.map((line, n) => (n === 2 ? line.replace('workspace', 'workspaze') : line)).join('\n'));
  run('recover');
}

const LEFT_OUT = /\.log$|^(?:tree\.lock|heartbeat|task\.json|prompt\.md)$/;

makeShop();
await crashAndGoOn();
others();
const kept = here('./recorded');
rmSync(kept, { recursive: true, force: true });
mkdirSync(kept);
cpSync(join(registry, 'registry.json'), join(kept, 'registry.json'));
cpSync(join(registry, 'runs'), join(kept, 'runs'), {
  recursive: true,
  filter: (from) => !LEFT_OUT.test(basename(from)),
});
process.stdout.write(run('status').stdout);
rmSync(top, { recursive: true, force: true });
