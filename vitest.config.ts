import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // Models and databases are native; one process a file keeps a crash in one from hiding the others.
    pool: 'forks',
    maxWorkers: 2,
  },
})
