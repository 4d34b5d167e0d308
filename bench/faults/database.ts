import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { createApp } from '#server/http/app.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { exited } from '../campaign-run.ts'
import { copiesOf, judge, secret, type Stage, type Verdict } from './stage.ts'

/** F4: kill -9 of PostgreSQL, of one of its backends (which restarts them all), and an immediate shutdown, in turn. */
export async function killDatabase(stage: Stage, messages: number, kills: number): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 25 })
  const { campaignId } = await simCampaign(stage.pool, messages, new Date())
  const worker = stage.worker({ smtpPort: sink.port })
  const recoveries: number[] = []
  let injected = 0
  for (let i = 0; i < kills; i++) {
    const before = sink.accepted
    if (!(await stage.waitFor('the worker sends', () => sink.accepted > before + 60, 60_000))) break
    await sleep(50 + Math.random() * 250)
    const pid = stage.server.pid()
    if (pid === null || (await stage.waiting(campaignId)) === 0) break
    if (i % 3 === 1) {
      const { rows } = await stage.pool.query<{ pid: number }>(
        `select a.pid from pg_stat_activity as a where a.backend_type = 'client backend' and a.pid <> pg_backend_pid() limit 1`,
      )
      process.kill(rows[0]?.pid ?? pid, 'SIGKILL')
    } else process.kill(pid, i % 3 === 0 ? 'SIGKILL' : 'SIGQUIT')
    injected += 1
    const began = Date.now()
    await sleep(100)
    await stage.waitFor('the database is back', async () => (await stage.waiting(campaignId)) >= 0, 30_000)
    const taken = sink.accepted
    await stage.waitFor('the worker goes on', () => sink.accepted > taken + stage.slots, 30_000)
    recoveries.push(Date.now() - began)
  }
  await stage.waitFor(
    'everything ends',
    async () => worker.exitCode !== null || (await stage.waiting(campaignId)) === 0,
    180_000,
  )
  const died = worker.exitCode !== null || worker.signalCode !== null
  worker.kill('SIGTERM')
  await exited(worker)
  const verdict = await judge(stage, {
    fault: 'F4',
    what: 'kill -9 of PostgreSQL, kill -9 of one backend, immediate shutdown',
    injected,
    bound: injected * stage.slots,
    campaigns: [campaignId],
    copies: copiesOf(sink),
    recoveries,
    more: { worker_survived: !died },
    also: !died,
  })
  await sink.close()
  return verdict
}

/** F18: somebody locks the tables of the ledger; then all connections of the API are taken. */
export async function lockedTables(stage: Stage): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 5 })
  const { campaignId } = await simCampaign(stage.pool, stage.quick ? 1_600 : 6_000, new Date())
  const worker = stage.worker({ smtpPort: sink.port })
  const blocker = new pg.Client({ connectionString: stage.server.url })
  await blocker.connect()
  const recoveries: number[] = []
  let injected = 0
  // The attempts come last: nothing waits for them but the lots that write them, so all may be sent while they are locked.
  for (const table of ['dispatch_turns', 'sends', 'send_batches', 'delivery_attempts']) {
    const before = sink.accepted
    if (!(await stage.waitFor('the worker sends', () => sink.accepted > before + 50, 30_000))) break
    await blocker.query('begin')
    await blocker.query(`lock table ${table} in access exclusive mode`)
    injected += 1
    await sleep(stage.quick ? 1_000 : 5_000)
    const taken = sink.accepted
    const began = Date.now()
    await blocker.query('commit')
    await stage.waitFor(
      'it goes on',
      async () => sink.accepted > taken || (await stage.waiting(campaignId)) === 0,
      30_000,
    )
    recoveries.push(Date.now() - began)
  }
  await blocker.end()
  await stage.waitFor('everything ends', async () => (await stage.waiting(campaignId)) === 0, 120_000)
  worker.kill('SIGTERM')
  await exited(worker)
  const api = await exhausted(stage)
  injected += 1
  const verdict = await judge(stage, {
    fault: 'F18',
    what: 'tables of the ledger locked; all connections of the API taken',
    injected,
    bound: 0,
    campaigns: [campaignId],
    copies: copiesOf(sink),
    recoveries,
    more: { api_status: api.status, api_says_retry_after: api.retryAfter, api_answered_after_ms: api.ms },
    also: api.status === 503 && api.retryAfter !== '' && api.ms < 15_000,
  })
  await sink.close()
  return verdict
}

// A request that finds no connection is told so, and when to come back; it does not hang.
async function exhausted(stage: Stage): Promise<{ status: number; retryAfter: string; ms: number }> {
  const ctx = createContext(
    { ...readConfig({ LMA_DATA: stage.dataDir, LMA_SECRET: secret }), databaseUrl: stage.server.url },
    stage.server.url,
    { log: createLog('silent'), poolSize: 3 },
  )
  const app = await createApp(ctx)
  await app.ready()
  const held = await Promise.all([ctx.pool.connect(), ctx.pool.connect(), ctx.pool.connect()])
  const began = Date.now()
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/auth/login',
    payload: { email: 'somebody@example.com', password: 'a long password of somebody' },
  })
  for (const client of held) client.release()
  const ms = Date.now() - began
  await app.close()
  await closeContext(ctx)
  return { status: answer.statusCode, retryAfter: String(answer.headers['retry-after'] ?? ''), ms }
}
