import { defineConfig } from 'vitest/config';

// Three at once on two cores: the tests that wait (for grace times, silence, deadlines) leave room for those that work.
export default defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 30_000, maxWorkers: 3 },
});
