import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext, type Ctx } from '#server/context.ts'
import { loadDemo } from '#server/demo/load.ts'
import { createLog } from '#server/log.ts'

/** Runs something hostile against a shop with demo data in a database of its own, without limits of requests. */
export async function withAttackedShop(
  name: string,
  customers: number,
  attack: (ctx: Ctx, dataDir: string) => Promise<void>,
): Promise<void> {
  const dataDir = mkdtempSync(path.join(tmpdir(), `lma-${name}-`))
  const server = await startEmbedded({ dataDir, log: { info: () => undefined, warn: () => undefined }, fsync: false })
  try {
    await migrate(server.url)
    const config = {
      ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: 'a secret that only the bench uses, 32 chars', LMA_DEMO: 'off' }),
      publicUrl: 'http://localhost',
    }
    const ctx = createContext(config, server.url, { log: createLog(process.env['LOG_LEVEL'] ?? 'silent') })
    await loadDemo(ctx, { customers })
    // Not the limits are tried here but what lies behind them.
    ctx.limits.add = () => Promise.resolve({ count: 1, ttlMs: 1000 })
    await attack(ctx, dataDir)
    await closeContext(ctx)
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
