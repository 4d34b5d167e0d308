import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'
import sparticuz from '@sparticuz/chromium'

// No browser is downloaded: $CHROME, the system's, or the one an npm package ships.
const system = '/usr/bin/chromium'
const executablePath = process.env['CHROME'] ?? (existsSync(system) ? system : await sparticuz.executablePath())

export default defineConfig({
  testDir: 'test/e2e',
  outputDir: 'test-results',
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: process.env['E2E_REPORT'] ? [['json', { outputFile: process.env['E2E_REPORT'] }], ['line']] : [['list']],
  globalSetup: './test/e2e/boot.ts',
  use: {
    browserName: 'chromium',
    viewport: { width: 1440, height: 1000 },
    reducedMotion: 'reduce',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
