import { defineConfig } from 'vitest/config';

// A mutant is judged by whole sweeps: the day must not decide whether it is found.
process.env.PAWL_SWEEP = 'whole';

/** The tests that judge mutants of the machines, base, core and store: those that start no process and take little time. */
const JUDGES = [
  'base',
  'core',
  'machines',
  'packets',
  'properties',
  'store',
  'model/broken-machines',
  'model/cells',
  'faults/tampered-snapshot',
].map((name) => (name.includes('/') ? `test/${name}.test.ts` : `test/${name}/**/*.test.ts`));

export default defineConfig({
  test: { include: JUDGES, testTimeout: 60_000, hookTimeout: 60_000 },
});
