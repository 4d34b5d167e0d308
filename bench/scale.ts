import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import { startSession } from '#server/accounts/session.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { attributeNewOrders, attributeOrders } from '#server/feedback/attribute.ts'
import { createLog } from '#server/log.ts'
import { foldRollups } from '#server/rollups.ts'
import { scoreCustomers } from '#server/scoring/score.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { startStack, type Stack } from '#test/stack.ts'
import { judge, openSends, runLoad, seedShop, waitFor } from './campaign-run.ts'
import { startFilled } from './kept.ts'
import type { LoadPlan, LoadReport } from './load-client.ts'
import { fillShop } from './shop.ts'

// More processes: what a second worker and a second API bring, whether a duty ever fires twice, and what killing any of
// them costs. All of them, the database, the mail server and the clients share this machine.
const quick = process.argv.includes('--quick')
const option = (name: string, preset: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at > 0 ? Number(process.argv[at + 1]) : preset
}
const customers = option('customers', quick ? 5_000 : 1_000_000)
const messages = quick ? 1_500 : 12_000
const killed = quick ? 2_000 : 10_000
const seconds = quick ? 3 : 20
const perSecond = option('rate', quick ? 100 : 200)
const ticks = quick ? 150 : 1_000
const slots = 20
const say = (text: string): boolean => process.stderr.write(text + '\n')
const round = (n: number, digits = 2): number => Number(n.toFixed(digits))
const secret = 'a secret that only the scale bench uses, 32+ characters'
const notes: string[] = []

const fill = async (database: { url: string }, dataDir: string): Promise<void> => {
  await migrate(database.url)
  await seedShop(database.url, dataDir, secret)
  const filling = createPool(database.url, { max: 2 })
  filling.on('error', () => undefined)
  say(`filling a shop of ${customers} customers ...`)
  await fillShop(filling, customers, new Date())
  await filling.end()
  // What a worker would first have to make up for: purchases of six orders each, the sums of them, and scores.
  const ctx = createContext({ ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: secret }), databaseUrl: database.url }, database.url, { log: createLog('silent') }) // prettier-ignore
  await attributeOrders(ctx, { since: null })
  await attributeNewOrders(ctx)
  while ((await foldRollups(ctx)) > 0);
  await scoreCustomers(ctx, { asOf: new Date() })
  await closeContext(ctx)
}
const shop = await startFilled(`scale-${customers}`, fill, { fsync: true })
const { url } = shop.database
const pool = createPool(url, { max: 4 })
pool.on('error', () => undefined)
const folder = mkdtempSync(path.join(tmpdir(), 'lma-scale-'))
const sink = await startSmtpSink({ latencyMs: 5 })
const env = {
  DATABASE_URL: url,
  SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
  LMA_SECRET: secret,
  LMA_DATA: folder,
  LMA_SLOTS: String(slots),
  LMA_TRUST_PROXY: '1',
  DATABASE_POOL: '12',
  LOG_LEVEL: 'error',
}
let stack: Stack | undefined
const leave = async (): Promise<void> => {
  await stack?.stop()
  await sink.close()
  await pool.end().catch(() => undefined)
  await shop.stop()
  rmSync(folder, { recursive: true, force: true })
}
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void leave().then(() => process.exit(1)))

async function up(counts: { api: number; worker: number }): Promise<Stack> {
  await stack?.stop()
  return (stack = await startStack(env, counts))
}

/** More than a minute: most duties come once in one. */
const quietMs = quick ? 3_000 : 65_000
/**
 * Lets a worker do what is due: scores once a night, orders attributed, old rows dropped. A shop that was kept since yesterday
 * would do all of it beside the first that is measured.
 */
async function settle(): Promise<void> {
  await up({ api: 0, worker: 1 })
  let busyAt = Date.now()
  await waitFor(
    notes,
    'the work of the day is done',
    async () => {
      const { rows } = await pool.query<{ is_quiet: boolean }>(
        `select not exists (select from jobs where status in ('queued', 'running'))
           and not exists (select from duties where busy_until > now() and started_at < now() - interval '2 seconds') as is_quiet`,
      )
      if (!rows[0]!.is_quiet) busyAt = Date.now()
      await sleep(500)
      return Date.now() - busyAt > quietMs
    },
    600_000,
  )
}

/** Messages a second from the first to the last that left. */
async function sendRate(count: number): Promise<number> {
  const { campaignId } = await simCampaign(pool, count, new Date())
  await waitFor(notes, 'a campaign ends', async () => (await openSends(pool, campaignId)) === 0, 300_000)
  const { rows } = await pool.query<{ n: number; s: number }>(
    `select count(*) as n, extract(epoch from max(s.sent_at) - min(s.sent_at))::float8 as s from sends as s
     where s.campaign_id = $1 and s.status = 'sent'`,
    [campaignId],
  )
  return rows[0]!.n / rows[0]!.s
}

const load = (plan: Partial<LoadPlan>): Promise<LoadReport> =>
  runLoad({
    ports: stack!.members.filter((m) => m.role === 'api').map((m) => m.port),
    tokens,
    perSecond,
    seconds,
    ids,
    campaignId: null,
    ...plan,
  })

/** People at work: who writes is shown no remembered count, so two hundred requests a second must not be one person's. */
const people = 100
async function signIn(): Promise<string[]> {
  const ctx = createContext({ ...readConfig({ LMA_DATA: folder, LMA_SECRET: secret }), databaseUrl: url }, url, {
    log: createLog('silent'),
  })
  const tokens: string[] = []
  for (let i = 0; i < people; i++) {
    const user = await createUser(ctx, systemActor, {
      email: `bench-${Date.now()}-${i}@shop.test`,
      password: 'a long bench password',
      fullName: 'Bench',
      role: 'manager',
    })
    tokens.push((await startSession(ctx, user.id, { userAgent: 'bench', ip: '127.0.0.1' })).accessToken)
  }
  await closeContext(ctx)
  return tokens
}

/** Three times what a million customers in four hours need; providers seldom take more. */
const pacedPerSecond = 200
async function pace(perSecond: number | null): Promise<void> {
  const value = JSON.stringify({ email: { rate_per_minute: perSecond && perSecond * 60 } })
  await pool.query(
    `insert into settings (name, value) values ('channels', $1) on conflict (name) do update set value = excluded.value`,
    [value],
  )
}

interface Mix {
  idle: LoadReport
  /** beside a campaign at the pace of a provider */
  paced: LoadReport
  /** beside one that leaves as fast as the machine can */
  busy: LoadReport
}

/** The API mix with nothing else going on, and while a campaign is sent. */
async function mix(apis: number): Promise<Mix> {
  await up({ api: apis, worker: 1 })
  tokens = await signIn()
  // Its processes have things to do when they start.
  await load({ seconds: Math.min(seconds, 10) })
  const idle = await load({})
  await pace(pacedPerSecond)
  const { campaignId } = await simCampaign(pool, quick ? 4_000 : 40_000, new Date())
  // The rows of the campaign were written a moment ago: statistics and caches are about to be made, as before.
  await load({ campaignId, seconds: Math.min(seconds, 10) })
  const paced = await load({ campaignId })
  await pace(null)
  const busy = await load({ campaignId })
  if ((await openSends(pool, campaignId)) === 0) notes.push('the campaign ended before the load did')
  // Its workers must not be at the same messages.
  await stack!.stop()
  stack = undefined
  await pool.query(`update campaigns set status = 'cancelled' where id = $1`, [campaignId])
  await pool.query(`update sends set status = 'cancelled' where campaign_id = $1 and status = 'pending'`, [campaignId])
  return { idle, paced, busy }
}

/** Kills one process after another, of both kinds, in the middle of a campaign and of people at work. */
async function kills() {
  const running = await up({ api: 2, worker: 2 })
  tokens = await signIn()
  const { campaignId } = await simCampaign(pool, killed, new Date())
  const people = load({ ports: [Number(new URL(running.base).port)], perSecond: 20, seconds: quick ? 6 : 25 })
  let count = 0
  const most = quick ? 4 : 12
  while (count < most && (await openSends(pool, campaignId)) > 0) {
    await sleep(300 + Math.random() * 900)
    const role = count % 2 === 0 ? 'worker' : 'api'
    const victim = running.members.find((m) => m.role === role && m.child.exitCode === null && !m.child.killed)
    if (!victim) break
    await victim.kill('SIGKILL')
    running.members.splice(running.members.indexOf(victim), 1)
    await running.start(role)
    count++
  }
  await waitFor(notes, 'the campaign ends', async () => (await openSends(pool, campaignId)) === 0, 240_000)
  const answers = await people
  return { ...(await judge(pool, campaignId, sink, count * slots)), kills: count, failed_requests: answers.errors }
}

/** Four workers share one duty: how many slots of time were done twice. */
async function fireOnce(): Promise<{ fired: number; twice: number }> {
  await pool.query('create table fired (tick bigint, pid int, at timestamptz default clock_timestamp())')
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [path.join(import.meta.dirname, '../test/duty-worker.ts')], {
      env: { ...process.env, ...env, TICKS: String(ticks), EVERY_MS: '15' },
      stdio: 'inherit',
    }),
  )
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))))
  const { rows } = await pool.query<{ fired: number; slots: number }>(
    'select count(*) as fired, count(distinct tick) as slots from fired',
  )
  await pool.query('drop table fired')
  return { fired: rows[0]!.fired, twice: rows[0]!.fired - rows[0]!.slots }
}

let tokens: string[] = []
const { rows } = await pool.query<{ id: string }>('select c.id from customers as c limit 500')
const ids = rows.map((r) => r.id)
try {
  say('what is due every day ...')
  await settle()
  say('one worker, two workers ...')
  await up({ api: 0, worker: 1 })
  await sendRate(300)
  const one = await sendRate(messages)
  await up({ api: 0, worker: 2 })
  await sendRate(300)
  const two = await sendRate(messages)
  say(`${one.toFixed(0)}/s, ${two.toFixed(0)}/s`)
  say('the API mix, idle and while a campaign runs ...')
  const single = await mix(1)
  say(JSON.stringify(single))
  const double = await mix(2)
  say(JSON.stringify(double))
  say('kill any of them ...')
  const fault = await kills()
  say(JSON.stringify(fault))
  await stack?.stop()
  stack = undefined
  say('four processes, one duty ...')
  const duty = await fireOnce()
  const figures = {
    customers,
    sends_per_s_1_worker: round(one, 0),
    sends_per_s_2_workers: round(two, 0),
    speedup_2_workers: round(two / one),
    requests_per_s: perSecond,
    api_p95_ms: double.busy.p95_ms,
    api_p99_ms: double.busy.p99_ms,
    api_errors: [single, double].flatMap((m) => [m.idle, m.paced, m.busy]).reduce((n, r) => n + r.errors, 0),
    one_api_idle_p95_ms: single.idle.p95_ms,
    one_api_busy_p95_ms: single.busy.p95_ms,
    two_apis_idle_p95_ms: double.idle.p95_ms,
    busy_to_idle: round(double.busy.p95_ms / double.idle.p95_ms),
    paced_campaign_per_s: pacedPerSecond,
    one_api_paced_p95_ms: single.paced.p95_ms,
    two_apis_paced_p95_ms: double.paced.p95_ms,
    two_apis_paced_p99_ms: double.paced.p99_ms,
    kills: fault.kills,
    messages: fault.messages,
    lost: fault.lost,
    duplicates: fault.duplicates,
    unknown: fault.unknown,
    bound: fault.bound,
    failed_requests_during_kills: fault.failed_requests,
    ticks: duty.fired,
    double_fired: duty.twice,
  }
  process.stdout.write(JSON.stringify({ bench: 'scale', quick, figures, notes }) + '\n')
  process.exitCode = figures.lost === 0 && figures.double_fired === 0 && duty.fired >= ticks ? 0 : 1
} finally {
  await leave()
}
