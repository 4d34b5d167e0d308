import { execFile, fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import { createLog } from '#server/log.ts'
import { simCampaign } from '#sim/campaign.ts'
import { bearerOf } from '#test/sign-in.ts'
import type { ClientReport } from './send-client.ts'
import type { Said, Seen } from './watchers-client.ts'

// A thousand people watch a running campaign: how old is what they see, and what does it cost the sending? The API, the
// worker, the SMTP sink, the database and the watchers are processes of their own on this machine.
const quick = process.argv.includes('--quick')
const rounds = quick ? 1 : 3
const messages = quick ? 6_000 : 20_000
const watchers = 1_000
const slots = 50
const say = (text: string): boolean => process.stderr.write(text + '\n')
const run = promisify(execFile)
const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)
const quantile = (values: readonly number[], q: number): number => {
  const all = sorted(values)
  return all[Math.min(all.length - 1, Math.floor(all.length * q))] ?? 0
}
const median = (values: readonly number[]): number => quantile(values, 0.5)
const round = (n: number, digits = 0): number => Number(n.toFixed(digits))
const now = (): number => performance.timeOrigin + performance.now()

const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-watchers-'))
const secret = 'a secret that only the watchers bench uses, 32+ characters'
const server = await startEmbedded({ dataDir, log: { info: () => undefined, warn: () => undefined } })
const pool = createPool(server.url, { max: 4 })
pool.on('error', () => undefined)
const env = {
  ...process.env,
  DATABASE_URL: server.url,
  LMA_SECRET: secret,
  LMA_DATA: dataDir,
  LMA_SLOTS: String(slots),
  LOG_LEVEL: 'error',
}
const here = (file: string): string => path.join(import.meta.dirname, file)
const children: ChildProcess[] = []
const leave = async (): Promise<void> => {
  for (const child of children) child.kill('SIGKILL')
  await pool.end().catch(() => undefined)
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void leave().then(() => process.exit(1)))

async function startSink(): Promise<{ port: number; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [here('../sim/smtp-sink.ts'), '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  children.push(child)
  const [line] = (await once(child.stderr, 'data')) as [Buffer]
  return {
    port: Number(/:(\d+)/.exec(line.toString())![1]),
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'close')
    },
  }
}

async function dispatch(port: number): Promise<ClientReport> {
  const { stdout } = await run(
    process.execPath,
    [here('send-client.ts'), 'product', String(port), String(slots), '-'],
    {
      timeout: 600_000,
      env: { ...env, SMTP_URL: `smtp://127.0.0.1:${port}` },
    },
  )
  return JSON.parse(stdout) as ClientReport
}

/** When which number of messages was committed, asked every 20 ms: the truth that the screens are held against. */
function follow(campaignId: string): { stop(): Promise<[number, number][]> } {
  const truth: [number, number][] = []
  let going = true
  const loop = (async () => {
    let before = now()
    while (going) {
      const { rows } = await pool.query<{ n: number }>(
        `select coalesce(sum(r.events), 0)::int as n from rollup_hourly as r where r.campaign_id = $1 and r.event_type = 'sent'`,
        [campaignId],
      )
      // It may have been true since the last look.
      truth.push([rows[0]!.n, before])
      before = now()
      await new Promise((done) => setTimeout(done, 20))
    }
  })()
  return {
    async stop() {
      going = false
      await loop
      return truth
    },
  }
}

/** Milliseconds from when a number was true until it stood on a screen, for every change on every screen. */
function agesOf(seen: readonly Seen[], truth: readonly [number, number][]): number[] {
  const since = (count: number): number | null => truth.find(([n]) => n >= count)?.[1] ?? null
  const cache = new Map<number, number | null>()
  return seen.flatMap((updates) => {
    let last = 0
    return updates.flatMap(([count, at]) => {
      if (count <= last) return []
      last = count
      if (!cache.has(count)) cache.set(count, since(count))
      const from = cache.get(count) ?? null
      return from === null ? [] : [Math.max(0, at - from)]
    })
  })
}

/** The first message of a kind; listen before you ask. */
function answer<T>(child: ChildProcess, is: (message: T) => boolean): Promise<T> {
  return new Promise((done) => {
    const hear = (message: unknown): void => {
      if (!is(message as T)) return
      child.off('message', hear)
      done(message as T)
    }
    child.on('message', hear)
  })
}

try {
  await migrate(server.url)
  const ctx = createContext(
    { ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: secret }), databaseUrl: server.url },
    server.url,
    {
      log: createLog('silent'),
    },
  )
  await seedTemplates(ctx)
  const { rows: users } = await pool.query<{ id: string }>(
    `insert into users (email, password_hash, role) values ('watcher@shop.test', 'x', 'user') returning id`,
  )
  const token = await bearerOf(ctx, users[0]!.id)
  await closeContext(ctx)
  const api = fork(here('watchers-server.ts'), { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  children.push(api)
  const { port } = await answer<{ port?: number }>(api, (m) => m.port !== undefined)
  const cost = async (): Promise<{ cpuUs: number; rssMb: number }> => {
    const said = answer<{ cpuUs: number; rssMb: number }>(api, (m) => m.cpuUs !== undefined)
    api.send('cost')
    return said
  }
  const done: {
    alone: number
    watched: number
    ages: number[]
    updates: number
    apiUs: number
    openMs: number
    back: number[]
  }[] = []
  let dropped = 0
  let stale = 0
  let rssMb = 0
  for (let i = 0; i < rounds; i++) {
    let known: [number, number][] = []
    const rate = async (): Promise<{ campaignId: string; perSecond: () => Promise<number> }> => {
      const { campaignId } = await simCampaign(pool, messages, new Date())
      await pool.query('vacuum analyze sends, actions, customers, delivery_attempts, analytics_events')
      await pool.query('checkpoint')
      return {
        campaignId,
        perSecond: async () => {
          const sink = await startSink()
          // The looking costs a little; it is there with and without watchers.
          const truth = follow(campaignId)
          let report: ClientReport
          try {
            report = await dispatch(sink.port)
          } finally {
            await new Promise((wait) => setTimeout(wait, 1_500))
            known = await truth.stop()
          }
          await sink.stop()
          if (report.messages !== messages) throw new Error(`${report.messages} of ${messages} were sent`)
          return report.messages / report.seconds
        },
      }
    }
    // In turns, so that what the machine does besides falls on both.
    const measureAlone = async (): Promise<number> => (await rate()).perSecond()
    const first = i % 2 === 0 ? await measureAlone() : null

    const { campaignId, perSecond } = await rate()
    const client = fork(here('watchers-client.ts'), { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    children.push(client)
    const opened = answer<Said>(client, (m) => m.kind === 'open')
    client.send({ kind: 'watch', order: { port, token, campaignId, watchers } })
    const { ms: openMs } = (await opened) as Extract<Said, { kind: 'open' }>
    await cost()
    const watched = await perSecond()
    const ofWatched = known
    const spent = await cost()
    rssMb = Math.max(rssMb, spent.rssMb)
    const seenAnswer = answer<Said>(client, (m) => m.kind === 'seen')
    client.send({ kind: 'report' })
    const { seen, closed } = (await seenAnswer) as Extract<Said, { kind: 'seen' }>
    dropped += closed
    stale += seen.filter((s) => s.at(-1)?.[0] !== messages).length
    const backAnswer = answer<Said>(client, (m) => m.kind === 'back')
    client.send({ kind: 'again' })
    const { ms: back } = (await backAnswer) as Extract<Said, { kind: 'back' }>
    client.send({ kind: 'end' })
    const alone = first ?? (await measureAlone())
    const ages = agesOf(seen, ofWatched)
    const updates = seen.reduce((n, s) => n + s.length, 0)
    done.push({ alone, watched, ages, updates, apiUs: spent.cpuUs / Math.max(1, updates), openMs, back })
    say(
      `alone ${round(alone)}/s, watched ${round(watched)}/s; ${updates} updates, p50 ${round(median(ages))} ms, p95 ${round(quantile(ages, 0.95))} ms, worst ${round(Math.max(...ages))} ms; ${round(spent.cpuUs / Math.max(1, updates), 1)} us of the API each; ${watchers} came in ${round(openMs)} ms, came back p95 ${round(quantile(back, 0.95))} ms`,
    )
  }
  const ratios = done.map((d) => d.watched / d.alone)
  const ages = done.flatMap((d) => d.ages)
  const figures = {
    watchers,
    update_p50_ms: round(median(ages)),
    update_p95_ms: round(quantile(ages, 0.95)),
    update_worst_ms: round(ages.reduce((a, b) => Math.max(a, b), 0)),
    dispatch_ratio: round(median(ratios), 2),
    spread_dispatch_ratio: [round(Math.min(...ratios), 2), round(Math.max(...ratios), 2)],
    api_us_per_update: round(median(done.map((d) => d.apiUs)), 1),
    dropped,
    /** screens that did not end on the whole number */
    stale,
    resume_p95_ms: round(
      quantile(
        done.flatMap((d) => d.back),
        0.95,
      ),
    ),
    messages: messages * rounds,
    updates: done.reduce((n, d) => n + d.updates, 0),
    api_rss_mb: rssMb,
  }
  const notes = [
    'an update is timed from its commit in PostgreSQL to its arrival in the client, looked at every 20 ms',
    'watchers, API, worker, sink and database share this machine',
  ]
  process.stdout.write(JSON.stringify({ bench: 'watchers', quick, figures, notes }) + '\n')
  process.exitCode = dropped === 0 && stale === 0 ? 0 : 1
} finally {
  await leave()
}
