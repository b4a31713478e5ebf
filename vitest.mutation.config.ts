import { defineConfig } from 'vitest/config';
import { inOrder } from './test/support/in-order.ts';

// A mutant is judged by whole sweeps: the day must not decide whether it is found.
process.env.PAWL_SWEEP = 'whole';

/**
 * The tests that judge mutants of the machines, base, the pure rooms and store: those that start no process. The quick ones come first, for most mutants
 * are found by the first that fails. Not among them: tests that load modules anew (model/broken-machines). What is evaluated when a module is loaded
 * would count as reached by these alone, and be judged by nothing else.
 */
const JUDGES = [
  'base',
  'kernel',
  'run',
  'turn',
  'scm',
  'machines',
  'packets',
  'cli/live-rows',
  'store',
  'model/cells',
  'faults/tampered-snapshot',
  'properties',
];

export default defineConfig({
  test: {
    include: JUDGES.map((name) => (name.includes('/') ? `test/${name}.test.ts` : `test/${name}/**/*.test.ts`)),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    isolate: false,
    sequence: { sequencer: inOrder(JUDGES) },
  },
});
