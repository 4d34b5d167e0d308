import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { readConfig, type Config } from '#server/config.ts'
import { closeContext, createContext, type Ctx } from '#server/context.ts'
import { createLog, type Log } from '#server/log.ts'
import { freshDatabase } from './db.ts'

/** A context over a database of its own, as in production but quiet. Closed after the test file. */
export async function testContext(
  options: { clock?: () => Date; config?: Partial<Config>; log?: Log } = {},
  given?: Awaited<ReturnType<typeof freshDatabase>>,
): Promise<Ctx> {
  const database = given ?? (await freshDatabase())
  const config = {
    ...readConfig({
      LMA_DATA: mkdtempSync(path.join(tmpdir(), 'lma-test-')),
      LMA_SECRET: 'a secret that only tests use, 32+ characters',
      LMA_DEMO: 'off',
      // Simulators stand on this machine.
      LMA_PRIVATE_ADDRESSES: 'all',
    }),
    publicUrl: 'http://shop.test',
    // Set by whoever runs the same tests over Redis.
    redis: process.env['TEST_REDIS_URL']
      ? { url: process.env['TEST_REDIS_URL'], prefix: new URL(database.url).pathname.slice(1) }
      : null,
    ...options.config,
  }
  const ctx = createContext(config, database.url, {
    log: options.log ?? createLog(process.env['TEST_LOG'] ?? 'silent'),
    poolSize: 8,
    ...(options.clock ? { clock: options.clock } : {}),
  })
  afterAll(() => closeContext(ctx))
  return ctx
}
