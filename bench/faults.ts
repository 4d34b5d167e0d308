import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { startEmbedded, type Embedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { exited, judge, openSends, seedShop, waitFor, workerPool, type Verdict } from './campaign-run.ts'

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

const workers = workerPool({ dataDir, secret, slots })
const wait = (what: string, check: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> =>
  waitFor(notes, what, check, withinMs)

async function killWorkers(
  url: string,
  pool: pg.Pool,
  mode: 'ledger' | 'checkpoint',
  count: number,
  kills: number,
): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 25 })
  const { campaignId } = await simCampaign(pool, count, new Date())
  let worker = workers.start(url, sink, mode)
  for (let i = 0; i < kills; i++) {
    const before = sink.accepted
    if (!(await wait('the worker sends', () => sink.accepted > before + 10, 30_000))) break
    await sleep(20 + Math.random() * 250)
    if ((await openSends(pool, campaignId)) === 0) break
    worker.kill('SIGKILL')
    await exited(worker)
    if (mode === 'ledger') faults += 1
    await sleep(60)
    const taken = sink.accepted
    const began = Date.now()
    worker = workers.start(url, sink, mode)
    await wait('the next worker goes on', () => sink.accepted > taken, 30_000)
    if (mode === 'ledger') recoveries.push(Date.now() - began)
  }
  await wait('everything ends', async () => (await openSends(pool, campaignId)) === 0, 90_000)
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
  const worker = workers.start(server.url, sink)
  for (let i = 0; i < kills; i++) {
    const before = sink.accepted
    if (!(await wait('the worker sends', () => sink.accepted > before + 60, 60_000))) break
    await sleep(50 + Math.random() * 250)
    const pid = server.pid()
    if (pid === null || (await openSends(pool, campaignId)) === 0) break
    process.kill(pid, 'SIGKILL')
    faults += 1
    const began = Date.now()
    await sleep(100)
    await wait('the database is back', async () => (await openSends(pool, campaignId)) >= 0, 30_000)
    const taken = sink.accepted
    await wait('the worker goes on', () => sink.accepted > taken + slots, 30_000)
    recoveries.push(Date.now() - began)
  }
  await wait(
    'everything ends',
    async () => worker.exitCode !== null || (await openSends(pool, campaignId)) === 0,
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
  workers.leave()
  await pool.end().catch(() => undefined)
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void leave().then(() => process.exit(1)))
try {
  await migrate(server.url)
  await seedShop(server.url, dataDir, secret)

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
