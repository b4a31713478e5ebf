import { defineConfig } from 'vitest/config';

/** Tests that start no Pawl and change nothing of their process: they share one, and what it has loaded. */
const PURE = [
  'agents/streams',
  'base',
  'cli',
  'core',
  'docs',
  'machines',
  'model',
  'packets',
  'properties',
  'protocol',
  'tidy',
].map((folder) => `test/${folder}/**/*.test.ts`);

// Three at once on two cores: the tests that wait (for grace times, silence, deadlines) leave room for those that work.
export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      { extends: true, test: { name: 'real', include: ['test/**/*.test.ts'], exclude: PURE } },
    ],
  },
});
