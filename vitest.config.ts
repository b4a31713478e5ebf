import { defineConfig } from 'vitest/config';

// One seed for all of a run, whichever of its processes draws from it: it is told once, and repeats everything.
process.env.PAWL_TEST_SEED ??= String(Math.floor(Math.random() * 1_000_000));

// Three at once on two cores: the tests that wait (for grace times, silence, deadlines) leave room for those that work.
// Files share a process and what it has loaded: each has to leave that process as it was.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/process-as-it-was.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 3,
    isolate: false,
  },
});
