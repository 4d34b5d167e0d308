import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { startEmbedded, type Embedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink, type SmtpSink } from '#sim/smtp-sink.ts'

// What a kill -9 of the worker, or of PostgreSQL, costs: messages lost, messages sent twice, time to go on.
const quick = process.argv.includes('--quick')
const sizes = quick
  ? { worker: 1200, workerKills: 3, database: 900, databaseKills: 2, control: 600 }
  : { worker: 5000, workerKills: 10, database: 5000, databaseKills: 10, control: 1500 }
const slots = 20
const say = (text: string): boolean => process.stderr.write(text + '\n')
const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-faults-'))
const secret = 'a secret that only the fault bench uses, 32+'
const recoveries: number[] = []
const notes: string[] = []
let faults = 0

interface Verdict {
  messages: number
  lost: number
  duplicates: number
  bound: number
  unknown: number
}

function startWorker(url: string, sink: SmtpSink, mode: 'ledger' | 'checkpoint'): ChildProcess {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'faults-worker.ts'), mode], {
    env: {
      ...process.env,
      DATABASE_URL: url,
      SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
      LMA_SECRET: secret,
      LMA_DATA: dataDir,
      LMA_SLOTS: String(slots),
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}
const children = new Set<ChildProcess>()

const exited = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', resolve))

async function waitFor(what: string, check: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs
  while (Date.now() < until) {
    if (await check()) return true
    await sleep(10)
  }
  notes.push(`gave up waiting: ${what}`)
  return false
}

const open = async (pool: pg.Pool, campaignId: string): Promise<number> => {
  try {
    const { rows } = await pool.query<{ n: number }>(
      `select count(*) as n from sends where campaign_id = $1 and status = 'pending'`,
      [campaignId],
    )
    return rows[0]!.n
  } catch {
    return -1
  }
}

async function judge(pool: pg.Pool, campaignId: string, sink: SmtpSink, bound: number): Promise<Verdict> {
  const { rows } = await pool.query<{ id: string; status: string }>(
    'select id, status from sends where campaign_id = $1',
    [campaignId],
  )
  const copies = (id: string): number => sink.copies.get(`<${id}@cornercellars.test>`) ?? 0
  // Lost: never ended, or called sent while no server ever took it.
  const lost = rows.filter((r) => r.status === 'pending' || (r.status === 'sent' && copies(r.id) === 0)).length
  const duplicates = rows.reduce((sum, r) => sum + Math.max(0, copies(r.id) - 1), 0)
  return { messages: rows.length, lost, duplicates, bound, unknown: rows.filter((r) => r.status === 'unknown').length }
}

async function killWorkers(
  url: string,
  pool: pg.Pool,
  mode: 'ledger' | 'checkpoint',
  count: number,
  kills: number,
): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 25 })
  const { campaignId } = await simCampaign(pool, count, new Date())
  let worker = startWorker(url, sink, mode)
  for (let i = 0; i < kills; i++) {
    const before = sink.accepted
    if (!(await waitFor('the worker sends', () => sink.accepted > before + 10, 30_000))) break
    await sleep(20 + Math.random() * 250)
    if ((await open(pool, campaignId)) === 0) break
    worker.kill('SIGKILL')
    await exited(worker)
    if (mode === 'ledger') faults += 1
    await sleep(60)
    const taken = sink.accepted
    const began = Date.now()
    worker = startWorker(url, sink, mode)
    await waitFor('the next worker goes on', () => sink.accepted > taken, 30_000)
    if (mode === 'ledger') recoveries.push(Date.now() - began)
  }
  await waitFor('everything ends', async () => (await open(pool, campaignId)) === 0, 90_000)
  if (mode === 'checkpoint') await sleep(1500)
  worker.kill('SIGTERM')
  await exited(worker)
  const verdict = await judge(pool, campaignId, sink, kills * slots)
  await sink.close()
  return verdict
}

async function killDatabase(server: Embedded, pool: pg.Pool, count: number, kills: number): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 25 })
  const { campaignId } = await simCampaign(pool, count, new Date())
  const worker = startWorker(server.url, sink, 'ledger')
  for (let i = 0; i < kills; i++) {
    const before = sink.accepted
    if (!(await waitFor('the worker sends', () => sink.accepted > before + 60, 60_000))) break
    await sleep(50 + Math.random() * 250)
    const pid = server.pid()
    if (pid === null || (await open(pool, campaignId)) === 0) break
    process.kill(pid, 'SIGKILL')
    faults += 1
    const began = Date.now()
    await sleep(100)
    await waitFor('the database is back', async () => (await open(pool, campaignId)) >= 0, 30_000)
    const taken = sink.accepted
    await waitFor('the worker goes on', () => sink.accepted > taken + slots, 30_000)
    recoveries.push(Date.now() - began)
  }
  await waitFor(
    'everything ends',
    async () => worker.exitCode !== null || (await open(pool, campaignId)) === 0,
    120_000,
  )
  const died = worker.exitCode !== null || worker.signalCode !== null
  if (died) notes.push('the worker did not survive the database')
  worker.kill('SIGTERM')
  await exited(worker)
  const verdict = await judge(pool, campaignId, sink, kills * slots)
  await sink.close()
  return verdict
}

const quiet = { info: () => undefined, warn: () => undefined }
const server = await startEmbedded({ dataDir, log: quiet })
const pool = createPool(server.url, { max: 4 })
pool.on('error', () => undefined)
const leave = async (): Promise<void> => {
  for (const child of children) child.kill('SIGKILL')
  await pool.end().catch(() => undefined)
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void leave().then(() => process.exit(1)))
try {
  await migrate(server.url)
  const ctx = createContext(
    { ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: secret }), databaseUrl: server.url },
    server.url,
    { log: createLog('silent') },
  )
  await seedTemplates(ctx)
  await closeContext(ctx)

  say(`kill -9 of the worker, ${sizes.workerKills} times over ${sizes.worker} messages ...`)
  const worker = await killWorkers(server.url, pool, 'ledger', sizes.worker, sizes.workerKills)
  say(JSON.stringify(worker))
  say(`kill -9 of PostgreSQL, ${sizes.databaseKills} times over ${sizes.database} messages ...`)
  const database = await killDatabase(server, pool, sizes.database, sizes.databaseKills)
  say(JSON.stringify(database))
  say('negative control: a mailer that checkpoints when it fetches ...')
  const control = await killWorkers(server.url, pool, 'checkpoint', sizes.control, 3)
  say(JSON.stringify(control))

  recoveries.sort((a, b) => a - b)
  const duplicates = worker.duplicates + database.duplicates
  const figures = {
    faults,
    messages: worker.messages + database.messages,
    lost: worker.lost + database.lost,
    duplicates,
    duplicates_over_bound:
      Math.max(0, worker.duplicates - worker.bound) + Math.max(0, database.duplicates - database.bound),
    unknown: worker.unknown + database.unknown,
    unknown_bound: worker.bound + database.bound,
    recovery_p50_ms: recoveries[Math.floor(recoveries.length / 2)] ?? null,
    recovery_p95_ms: recoveries[Math.min(recoveries.length - 1, Math.floor(recoveries.length * 0.95))] ?? null,
    negative_control_lost: control.lost,
    negative_control_caught: control.lost > 0,
  }
  notes.push(
    'recovery of a killed worker includes the start of the next process',
    `messages in flight per worker: ${slots}`,
  )
  process.stdout.write(JSON.stringify({ bench: 'faults', quick, figures, notes }) + '\n')
  process.exitCode =
    figures.lost === 0 && figures.duplicates_over_bound === 0 && figures.negative_control_caught ? 0 : 1
} finally {
  await leave()
}
