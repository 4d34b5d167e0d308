import { mkdtempSync, rmSync } from 'node:fs'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import { createLog } from '#server/log.ts'
import { simCampaign } from '#sim/campaign.ts'
import { dispatchOnce } from '#server/dispatch/dispatcher.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
const dataDir = mkdtempSync('/tmp/lma-explain-')
const server = await startEmbedded({ dataDir, log: { info: () => undefined, warn: () => undefined } })
await migrate(server.url)
const pool = createPool(server.url, { max: 4 })
const sink = await startSmtpSink({})
const make = () => createContext({ ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: 'a secret that only the send bench uses, 32+ characters', SMTP_URL: `smtp://127.0.0.1:${sink.port}`, LMA_SLOTS: '50' }), databaseUrl: server.url }, server.url, { log: createLog('error') })
let ctx = make()
await seedTemplates(ctx)
await closeContext(ctx)
await simCampaign(pool, 8000, new Date())
await pool.query('vacuum analyze sends, actions, customers, delivery_attempts, analytics_events')

import { readFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import pgm from 'pg'
const explain = async (mark: any, label: string) => {
  const claim = /const claimSql = `([\s\S]*?)`\n/.exec(readFileSync('server/dispatch/claim.ts', 'utf8'))![1]!.replaceAll('${leaseSeconds}', '60')
  const { rows: [c] } = await pool.query(`select id from campaigns order by created_at desc limit 1`)
  const client = await pool.connect()
  for (const how of ['custom']) {
    await client.query(`begin; set local enable_sort = off; set local enable_seqscan = off; set local jit = off; set local plan_cache_mode = force_${how}_plan`)
    const { rows } = await client.query({ text: 'explain (analyze, buffers, wal) ' + claim, values: [c.id, 'email', new Date(), 500, randomUUID(), 'x', 5, mark?.due_at ?? '-infinity', mark?.id ?? '00000000-0000-0000-0000-000000000000', new Date(Date.now() - 40 * 864e5), new Date(Date.now() + 30 * 864e5), new Date(Date.now() - 60 * 864e5)] })
    console.log('##', label, how); console.log(rows.map((r: any) => r['QUERY PLAN']).filter((l: string) => !/never executed|\(never/.test(l)).join('\n'))
    await client.query('rollback')
  }
  client.release()
}
await explain(null, 'start')
const spent = new Map<string, { n: number; ms: number }>()
const seen: any = {}
const sizes: number[] = []
const old = pgm.Client.prototype.query as any
;(pgm.Client.prototype as any).query = function (...args: any[]) {
  const t = performance.now()
  const r = old.apply(this, args)
  const stmt = typeof args[0] === 'object' ? args[0].name ?? '' : ''
  for (const [what, at] of [['dispatch-settle', 8]] as const) if (stmt.startsWith(what)) {
    seen[what] = (seen[what] ?? 0) + 1
    if (seen[what] === at) return old.call(this, 'explain (analyze, buffers, wal) ' + args[0].text, args[0].values).then((r: any) => { console.log('##', what, 'n', args[0].values[0].length); console.log(r.rows.map((x: any) => x['QUERY PLAN']).join('\n')); return { rows: [] } })
  }
  if (stmt.startsWith('dispatch-turn')) sizes.push(Math.max(args[0].values[0].length, args[0].values[8].length))
  const name = (typeof args[0] === 'string' ? args[0] : (args[0].name ?? args[0].text ?? '')).slice(0, 60).replace(/\s+/g, ' ')
  const done = () => { const e = spent.get(name) ?? { n: 0, ms: 0 }; e.n++; e.ms += performance.now() - t; spent.set(name, e) }
  if (r && typeof r.then === 'function') r.then(done, done)
  else if (typeof args.at(-1) === 'function') done()
  return r
}
ctx = make()
const began = Date.now()
const { sent } = await dispatchOnce(ctx, { patienceMs: 0 })
console.log(sent, Date.now() - began, 'ms', 'accepted', sink.accepted)
for (const [k, v] of [...spent].sort((a, b) => b[1].ms - a[1].ms).slice(0, 25)) console.log(v.ms.toFixed(0).padStart(7), 'ms', String(v.n).padStart(5), (v.ms / v.n).toFixed(2).padStart(8), k)
console.log('sizes', sizes.slice(100, 180).join(' '))
await explain(null, 'end from front')
await closeContext(ctx)
await pool.end()
await server.stop()
rmSync(dataDir, { recursive: true, force: true })
process.exit(0)
