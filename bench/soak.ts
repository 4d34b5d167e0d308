import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import { startSession } from '#server/accounts/session.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { hasRedis, startRedis } from '#test/redis.ts'
import { startStack } from '#test/stack.ts'
import { inspectable, openHeap } from './held-heap.ts'
import { judge, openSends, runLoad, seedShop, waitFor, type Verdict } from './campaign-run.ts'
import type { LoadReport } from './load-client.ts'

// Campaign after campaign and people at work, while something breaks every few seconds: a process, the database, Redis, the
// mail server. One API and one worker are never killed; their memory and open files must not grow.
const quick = process.argv.includes('--quick')
const at = process.argv.indexOf('--minutes')
const minutes = at > 0 ? Number(process.argv[at + 1]) : quick ? 0.4 : 10
const everyMs = quick ? 2_500 : 9_000
const perCampaign = quick ? 500 : 3_000
const slots = 20
const secret = 'a secret that only the soak bench uses, 32+ characters'
const say = (text: string): boolean => process.stderr.write(text + '\n')
const notes: string[] = []
const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-soak-'))
const server = await startEmbedded({ dataDir, log: { info: () => undefined, warn: () => undefined } })
const pool = createPool(server.url, { max: 4 })
pool.on('error', () => undefined)
const sink = await startSmtpSink({ latencyMs: 10 })
const redis = hasRedis ? await startRedis() : null
if (!redis) notes.push('without Redis: there is no redis-server of the system')
await migrate(server.url)
await seedShop(server.url, dataDir, secret)
const stack = await startStack(
  {
    DATABASE_URL: server.url,
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
    LMA_SECRET: secret,
    LMA_DATA: dataDir,
    LMA_SLOTS: String(slots),
    LMA_TRUST_PROXY: '1',
    DATABASE_POOL: '10',
    LOG_LEVEL: 'error',
    ...inspectable,
    ...(redis ? { REDIS_URL: redis.url } : {}),
  },
  { api: 2, worker: 2 },
)
const leave = async (): Promise<void> => {
  await stack.stop()
  await sink.close()
  await redis?.remove()
  await pool.end().catch(() => undefined)
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void leave().then(() => process.exit(1)))

const spared = (['api', 'worker'] as const).map((role) => stack.members.find((m) => m.role === role)!)
interface Sample {
  minute: number
  rss: number
  fds: number
}
interface Held {
  minute: number
  held: number
}
const samples = spared.map((): Sample[] => [])
const heaps = spared.map((): Held[] => [])
const minuteOf = (): number => (Date.now() - began) / 60_000
const began = Date.now()
const until = began + minutes * 60_000

/** Memory and open files of those that live through everything. */
async function watch(): Promise<void> {
  while (Date.now() < until) {
    await Promise.all(
      spared.map(async ({ port }, i) => {
        const text = await fetch(`http://127.0.0.1:${port}/metrics`)
          .then((r) => r.text())
          .catch(() => '')
        const figure = (name: string): number => Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1])
        const rss = figure('process_resident_memory_bytes') / 2 ** 20
        if (rss > 0) samples[i]!.push({ minute: minuteOf(), rss, fds: figure('process_open_fds') })
      }),
    )
    await sleep(quick ? 1_000 : 5_000)
  }
}

/**
 * What the same two hold when their garbage has been collected: once they are warm and at the end, so that in the half by which
 * their memory is judged nobody has collected anything for them.
 */
async function watchHeaps(): Promise<void> {
  const open = await Promise.all(spared.map(openHeap))
  for (const share of [0.25, 1]) {
    await sleep(Math.max(0, began + share * minutes * 60_000 - Date.now()))
    await Promise.all(open.map(async (heap, i) => heaps[i]!.push({ minute: minuteOf(), held: await heap.held() })))
  }
  for (const heap of open) heap.close()
}

/** Least squares over the second half: by then caches are full. Per minute. */
function slope(of: readonly Sample[], what: (s: Sample) => number): number {
  const half = of.slice(Math.floor(of.length / 2))
  const mean = (pick: (s: Sample) => number): number => half.reduce((sum, s) => sum + pick(s), 0) / half.length
  const [x, y] = [mean((s) => s.minute), mean(what)]
  const top = half.reduce((sum, s) => sum + (s.minute - x) * (what(s) - y), 0)
  return Math.round((top / half.reduce((sum, s) => sum + (s.minute - x) ** 2, 0)) * 100) / 100
}

function growth([first, last]: readonly Held[]): number {
  if (!first || !last) return Number.NaN
  return Math.round(((last.held - first.held) / (last.minute - first.minute)) * 100) / 100
}

const figuresOf = (role: 'api' | 'worker', at: number): Record<string, number> => ({
  [`${role}_rss_mb`]: Math.round(samples[at]!.at(-1)?.rss ?? 0),
  [`${role}_rss_mb_per_minute`]: slope(samples[at]!, (s) => s.rss),
  [`${role}_held_mb`]: Math.round(heaps[at]!.at(-1)?.held ?? 0),
  [`${role}_held_mb_per_minute`]: growth(heaps[at]!),
  [`${role}_open_files_per_minute`]: slope(samples[at]!, (s) => s.fds),
})

const faults: Record<string, number> = {}
let duplicatesBound = 0
async function breakThings(): Promise<void> {
  const kinds = ['worker', 'api', 'provider', 'database', ...(redis ? ['redis'] : [])]
  for (let n = 0; Date.now() < until - everyMs; n++) {
    await sleep(everyMs * (0.6 + Math.random() * 0.8))
    // Each kind in its turn at first, so that a short soak sees all of them.
    const kind = n < kinds.length ? kinds[n]! : kinds[Math.floor(Math.random() * kinds.length)]!
    faults[kind] = (faults[kind] ?? 0) + 1
    if (kind === 'worker' || kind === 'api') {
      const victim = stack.members.find((m) => m.role === kind && !spared.includes(m) && m.child.exitCode === null)
      if (!victim) continue
      if (kind === 'worker') duplicatesBound += slots
      await victim.kill('SIGKILL')
      stack.members.splice(stack.members.indexOf(victim), 1)
      await stack.start(kind)
    } else if (kind === 'provider') {
      // Too fast for it, for a while; then connections that break in the middle.
      sink.faults.rcptReply = () => '451 4.7.1 too many messages'
      await sleep(everyMs / 4)
      delete sink.faults.rcptReply
      sink.faults.dropBeforeData = 0.2
      await sleep(everyMs / 4)
      delete sink.faults.dropBeforeData
    } else if (kind === 'database') {
      const pid = server.pid()
      duplicatesBound += 2 * slots
      if (pid !== null) process.kill(pid, 'SIGKILL')
    } else {
      await redis!.command('FLUSHALL').catch(() => undefined)
      await redis!.kill()
      await sleep(everyMs / 3)
      await redis!.start()
    }
  }
}

const campaigns: string[] = []
async function keepSending(): Promise<void> {
  while (Date.now() < until) {
    try {
      const { campaignId } = await simCampaign(pool, perCampaign, new Date())
      campaigns.push(campaignId)
      while (Date.now() < until && (await openSends(pool, campaignId)) !== 0) await sleep(250)
    } catch {
      // The database was killed meanwhile; a campaign that was begun stays paused and is not judged.
      await sleep(500)
    }
  }
}

async function people(): Promise<LoadReport[]> {
  const ctx = createContext(
    { ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: secret }), databaseUrl: server.url },
    server.url,
    { log: createLog('silent') },
  )
  const user = await createUser(ctx, systemActor, {
    email: 'soak@shop.test',
    password: 'a long bench password',
    fullName: 'Soak',
    role: 'manager',
  })
  const { campaignId } = await simCampaign(pool, 50, new Date())
  campaigns.push(campaignId)
  const { rows } = await pool.query<{ id: string }>('select c.id from customers as c limit 50')
  const reports: LoadReport[] = []
  // A session lives for a quarter of an hour.
  for (let left = minutes * 60 - 5; left > 5; left = (until - Date.now()) / 1000 - 5) {
    const { accessToken } = await patiently(() => startSession(ctx, user.id, { userAgent: 'soak', ip: '127.0.0.1' }))
    const report = await runLoad({
      ports: [Number(new URL(stack.base).port)],
      tokens: [accessToken],
      perSecond: 20,
      seconds: Math.floor(Math.min(left, 10 * 60)),
      ids: rows.map((r) => r.id),
      campaignId: null,
    })
    reports.push(report)
  }
  await closeContext(ctx)
  return reports
}

/** The database may have been killed just now. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++)
    try {
      return await work()
    } catch (error) {
      if (tries > 60) throw error
      await sleep(500)
    }
}

try {
  say(`${minutes} minutes of campaigns, people and faults ...`)
  const answers = people()
  await Promise.all([watch(), watchHeaps(), breakThings(), keepSending()])
  const reports = await answers
  say(JSON.stringify({ faults, reports, heaps: heaps.map((h) => h.map((one) => Math.round(one.held))) }))
  await pool.query(`update campaigns set status = 'active' where status = 'paused' and id = any($1)`, [campaigns])
  const verdicts: Verdict[] = []
  for (const id of campaigns) {
    await waitFor(notes, 'a campaign ends', async () => (await openSends(pool, id)) === 0, 180_000)
    verdicts.push(await judge(pool, id, sink, 0))
  }
  const sum = (key: keyof Verdict): number => verdicts.reduce((total, v) => total + v[key], 0)
  const figures = {
    minutes,
    faults: Object.values(faults).reduce((a, b) => a + b, 0),
    by_kind: faults,
    campaigns: campaigns.length,
    messages: sum('messages'),
    lost: sum('lost'),
    duplicates: sum('duplicates'),
    bound: duplicatesBound,
    unknown: sum('unknown'),
    requests: reports.reduce((n, r) => n + r.asked, 0),
    failed_requests: reports.reduce((n, r) => n + r.errors, 0),
    ...figuresOf('api', 0),
    ...figuresOf('worker', 1),
  }
  process.stdout.write(JSON.stringify({ bench: 'soak', quick, figures, notes }) + '\n')
  process.exitCode = figures.lost === 0 && figures.duplicates <= figures.bound ? 0 : 1
} finally {
  await leave()
}
