import { setTimeout as sleep } from 'node:timers/promises'
import { systemActor } from '#server/audit.ts'
import { startJob } from '#server/background.ts'
import { closeContext } from '#server/context.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { hasRedis, noRedis, startRedis } from '#test/redis.ts'
import { exited } from '../campaign-run.ts'
import { copiesOf, judge, type Stage, type Verdict } from './stage.ts'

/** F6: FLUSHALL and kill -9 of Redis in mid-campaign, then a minute without it. Only speed may change. */
export async function redisAway(stage: Stage): Promise<Verdict | null> {
  if (!hasRedis) {
    stage.notes.push(`F6 was not run: ${noRedis}`)
    return null
  }
  const redis = await startRedis()
  const sink = await startSmtpSink({ latencyMs: 25 })
  const size = stage.quick ? 1_500 : 6_000
  const env = { REDIS_URL: redis.url }
  const worker = stage.worker({ mode: 'everything', smtpPort: sink.port, env })
  const asking = stage.context(env)
  await sleep(2_000)
  // The rate while the middle of the campaign leaves: start and end are no measure.
  const rateOf = async (during: () => Promise<void>): Promise<{ campaignId: string; rate: number }> => {
    const { campaignId } = await simCampaign(stage.pool, size, new Date())
    const first = sink.accepted
    await stage.waitFor('it sends', () => sink.accepted > first + 50, 30_000)
    const from = sink.accepted
    const began = Date.now()
    const running = during()
    await stage.waitFor('most has left', () => sink.accepted >= first + size * 0.9, 120_000)
    const rate = ((sink.accepted - from) * 1_000) / (Date.now() - began)
    await running
    await stage.waitFor('everything ends', async () => (await stage.waiting(campaignId)) === 0, 120_000)
    return { campaignId, rate }
  }
  const jobs: string[] = []
  const job = async (): Promise<void> => void jobs.push((await startJob(asking, systemActor, 'audit_verify', {})).id)
  const calm = await rateOf(async () => job())
  let flushed = 0
  const flushedRun = await rateOf(async () => {
    for (let i = 0; i < (stage.quick ? 5 : 20); i++) {
      await redis.command('FLUSHALL')
      flushed += 1
      if (i % 5 === 0) await job()
      await sleep(60)
    }
  })
  const began = Date.now()
  const away = await rateOf(async () => {
    await redis.kill()
    await job()
    await sleep(stage.quick ? 1_000 : 4_000)
  })
  // Whatever is left of the minute without Redis: jobs are found by the sweep of the table.
  await job()
  await stage.waitFor('jobs are done without Redis', async () => (await unfinished(stage, jobs)) === 0, 60_000)
  const withoutMs = Date.now() - began
  await sleep(Math.max(0, (stage.quick ? 3_000 : 60_000) - withoutMs))
  await redis.start()
  const back = await rateOf(async () => job())
  await stage.waitFor('all jobs are done', async () => (await unfinished(stage, jobs)) === 0, 60_000)
  worker.kill('SIGTERM')
  await exited(worker)
  await closeContext(asking)
  const left = await unfinished(stage, jobs)
  const share = Number((Math.min(flushedRun.rate, away.rate) / calm.rate).toFixed(2))
  const verdict = await judge(stage, {
    fault: 'F6',
    what: 'FLUSHALL and kill -9 of Redis in mid-campaign, a minute without it; jobs through BullMQ',
    injected: flushed + 1,
    bound: 0,
    campaigns: [calm, flushedRun, away, back].map((c) => c.campaignId),
    copies: copiesOf(sink),
    more: {
      rate_without_faults: Math.round(calm.rate),
      rate_kept_by_the_worst: share,
      jobs: jobs.length,
      jobs_not_done: left,
    },
    also: left === 0 && share >= 0.8,
  })
  await sink.close()
  await redis.remove()
  return verdict
}

async function unfinished(stage: Stage, jobs: readonly string[]): Promise<number> {
  const { rows } = await stage.pool.query<{ n: number }>(
    `select count(*) as n from jobs where id = any($1::uuid[]) and status <> 'succeeded'`,
    [jobs],
  )
  return rows[0]!.n
}
