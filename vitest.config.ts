import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{core,contract,db,server,sim,test,bench}/**/*.test.ts'],
    exclude: ['test/e2e/**', 'node_modules/**'],
    globalSetup: ['test/global-setup.ts'],
    // Two cores; argon2 and PostgreSQL want some of them as well.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
