import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { inOrder } from './test/support/in-order.ts';

// One seed for all of a run, whichever of its processes draws from it: it is told once, and repeats everything.
process.env.PAWL_TEST_SEED ??= String(Math.floor(Math.random() * 1_000_000));

/** Files that take longer than all others, the longest first: whoever begins with one of them last is waited for. */
const LONG = [
  'matrix/stories',
  'faults/injected-faults',
  'git/kills',
  'prove/smoke',
  'host/host-life',
  'inspector/browser/page',
  'turns/night',
  'crash/runner-kills',
  'crash/identities',
  'crash/power-cuts',
  'scenarios/',
  'crash/',
  'prove/',
  'protocol/explored',
  'properties/',
  'git/',
  'model/',
];

/** Tests that fill memory: the more a process holds, the longer it takes to start another one, so they have processes of their own. */
const IN_MEMORY = ['faults', 'matrix', 'model', 'packets', 'properties', 'protocol'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

// More at once than two cores can do: the tests that wait (for grace times, silence, deadlines) leave room for those that work.
// Files share a process and what it has loaded: each has to leave that process as it was.
export default defineConfig({
  // The examples import what their readers import.
  resolve: { alias: { 'pawl/kernel': fileURLToPath(new URL('./src/durable-actors.ts', import.meta.url)) } },
  test: {
    setupFiles: ['test/support/process-as-it-was.ts'],
    // A machine that is busy with other things takes several times as long as one that is not.
    testTimeout: 300_000,
    hookTimeout: 900_000,
    maxWorkers: 3,
    isolate: false,
    sequence: { sequencer: inOrder(LONG) },
    projects: [
      { extends: true, test: { name: 'memory', include: IN_MEMORY, execArgv: ['--max-semi-space-size=64'] } },
      { extends: true, test: { name: 'processes', include: ['test/**/*.test.ts'], exclude: IN_MEMORY } },
    ],
  },
});
