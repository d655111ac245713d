import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Only what hangs is stopped: on a busy machine a test is slow, not wrong.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Models and databases are native; one process a file keeps a crash in one from hiding the others.
    pool: 'forks',
    maxWorkers: 2,
  },
})
