import { test } from 'vitest'
import { mkdtempSync } from 'node:fs'
import { freshDatabase } from '#test/db.ts'
import { readConfig } from '#server/config.ts'
import { createLog } from '#server/log.ts'
import type { Ctx } from '#server/context.ts'
import { systemActor } from '#server/audit.ts'
import { runImport } from './run.ts'

test('bench', async () => {
  const database = await freshDatabase()
  const config = readConfig({ LMA_DATA: mkdtempSync('/tmp/lma-'), LMA_SECRET: 'a secret that only tests use, 32+ characters' })
  const ctx = { config, pool: database.pool, db: database.db, log: createLog('warn'), clock: () => new Date() } as unknown as Ctx
  const c0 = await database.pool.connect(); const proto = Object.getPrototypeOf(c0); c0.release(); const orig = proto.query
  proto.query = function (...a: unknown[]) { const t = performance.now(); const out = orig.apply(this, a); if (out?.then) out.then(() => { const ms = performance.now() - t; if (ms > 300) console.log(Math.round(ms), String(a[0]).trim().slice(0, 90).replaceAll('\n', ' ')) }); return out }
  const run = async (kind: 'customers' | 'orders', path: string): Promise<void> => {
    let peak = 0; let last = ''; const t0 = performance.now()
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100)
    const r = await runImport(ctx, { kind, source: path, path, actor: systemActor, createCustomers: true, onProgress: (p) => { if (p.phase !== last) { last = p.phase; console.log(p.phase, Math.round(performance.now() - t0)) } } })
    clearInterval(timer)
    console.log(r.rows_new, r.rows_same, r.summary.duration_ms, r.summary.rows_per_second, Math.round(peak / 1e6), 'MB')
  }
  for (const f of ['/tmp/imp/c200k.csv', '/tmp/imp/c200k.csv']) await run('customers', f)
  for (const f of ['/work/shared/data/complete-journey/transactions_sample.csv.gz', '/work/shared/data/complete-journey/transactions_sample.csv.gz']) await run('orders', f)
}, 300000)
