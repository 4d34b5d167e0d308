import { mkdtempSync, rmSync } from 'node:fs'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import { dispatchOnce } from '#server/dispatch/dispatcher.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
const dataDir = mkdtempSync('/tmp/lma-tp-')
const server = await startEmbedded({ dataDir, log: { info() {}, warn() {} } })
try {
  await migrate(server.url)
  for (const [name, slots] of [
    ['sandbox', 20],
    ['smtp', 20],
    ['smtp', 50],
  ] as const) {
    const sink = await startSmtpSink()
    const ctx = createContext(
      {
        ...readConfig({ LMA_DATA: dataDir }),
        slots,
        smtpUrl: name === 'smtp' ? `smtp://127.0.0.1:${sink.port}` : null,
      },
      server.url,
      { log: createLog('error') },
    )
    await seedTemplates(ctx)
    const N = 4000
    const { campaignId } = await simCampaign(ctx.pool, N, new Date(Date.now()))
    const t = Date.now()
    const cpu = process.cpuUsage()
    const stat = new Map<string, [number, number]>()
    const wrap = (c: any) => {
      if (c.__w) return c
      c.__w = 1
      const q = c.query.bind(c)
      c.query = (...a: any[]) => {
        const k = (a[0]?.name ?? a[0]?.text ?? String(a[0])).slice(0, 40)
        const t0 = performance.now()
        const cbi = a.findIndex((x) => typeof x === 'function')
        if (cbi >= 0) {
          const f = a[cbi]
          a[cbi] = (...r: any[]) => {
            const e = stat.get(k) ?? [0, 0]
            e[0]++
            e[1] += performance.now() - t0
            stat.set(k, e)
            f(...r)
          }
        }
        const p = q(...a)
        p?.then?.(
          () => {
            const e = stat.get(k) ?? [0, 0]
            e[0]++
            e[1] += performance.now() - t0
            stat.set(k, e)
          },
          () => {},
        )
        return p
      }
      return c
    }
    const conn = ctx.pool.connect.bind(ctx.pool)
    ;(ctx.pool as any).connect = (cb?: any) =>
      cb ? conn((e: any, c: any, d: any) => cb(e, c && wrap(c), d)) : conn().then(wrap)
    const r = await dispatchOnce(ctx, { campaignId })
    const ms = Date.now() - t
    const used = process.cpuUsage(cpu)
    console.log(
      name,
      slots,
      JSON.stringify(r),
      ms,
      'ms',
      Math.round((N / ms) * 1000),
      '/s',
      'node cpu us/msg',
      Math.round((used.user + used.system) / N),
      'bytes',
      Math.round(sink.bytes / N),
    )
    for (const [k, [n, ms]] of [...stat].sort((a, b) => b[1][1] - a[1][1]).slice(0, 10))
      console.log('   ', k.replace(/\s+/g, ' '), n, Math.round(ms), 'ms', (ms / n).toFixed(2))
    await closeContext(ctx)
    await sink.close()
  }
} finally {
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
