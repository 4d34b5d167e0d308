import { Gauge, type Registry } from 'prom-client'
import type { Ctx } from '../context.ts'

/** What the shop as a whole has waiting. Every process tells the same figures: take their maximum, not their sum. */
export interface Backlog {
  jobs: { kind: string; status: 'queued' | 'running'; count: number; oldest_s: number }[]
  /** sends whose hour has come, counted up to `mostCounted` for each channel */
  sends: { channel: string; due: number; oldest_s: number }[]
  /** webhook posts that are not taken apart yet */
  posts: number
  posts_oldest_s: number
  /** changes of events and orders not yet in the day sums, and since when the sums are behind */
  rollup_rows: number
  rollup_lag_s: number
  /** sends of this week's campaigns whose fate no provider has told */
  unknown: number
  /** null: there is no backup */
  backup_age_s: number | null
}

const mostCounted = 100_000
/** A scrape must not wait for a database in trouble, nor make it worse. */
const timeoutMs = 2_000
const keptMs = 5_000

const backlogSql = `select
  (select coalesce(jsonb_agg(j), '[]') from (
     select jobs.kind, jobs.status, count(*)::int as count,
       extract(epoch from now() - min(case when jobs.status = 'queued' then coalesce(jobs.due_at, jobs.created_at) else jobs.started_at end))::float8 as oldest_s
     from jobs where jobs.status in ('queued', 'running') group by 1, 2) as j) as jobs,
  (select coalesce(jsonb_agg(s), '[]') from (
     select due.channel, count(*)::int as due, coalesce(extract(epoch from now() - min(due.due_at)), 0)::float8 as oldest_s
     from (select sends.channel, sends.due_at from sends join campaigns as c on c.id = sends.campaign_id and c.status = 'active'
       where sends.status = 'pending' and sends.due_at <= now() and sends.window_end > now() limit ${mostCounted}) as due group by 1) as s) as sends,
  (select count(*) from (select 1 from webhook_inbox as w where w.kind is not null and w.status in ('received', 'parked') limit ${mostCounted}) as w)::int as posts,
  (select coalesce(extract(epoch from now() - min(w.received_at)), 0)::float8 from (select x.received_at from webhook_inbox as x where x.kind is not null and x.status in ('received', 'parked') order by x.next_try_at limit 1) as w) as posts_oldest_s,
  (select count(*) from (select 1 from rollup_delta limit ${mostCounted}) as r)::int as rollup_rows,
  (select case when exists (select from rollup_delta) then coalesce(extract(epoch from now() - max(d.started_at)), 0) else 0 end::float8
   from duties as d where d.name = 'rollups') as rollup_lag_s,
  (select count(*) from (select 1 from campaigns as c join sends on sends.campaign_id = c.id and sends.status = 'unknown'
     where c.updated_at > now() - interval '7 days' limit ${mostCounted}) as u)::int as unknown,
  (select extract(epoch from now() - b.finished_at)::float8 from backups as b where b.status = 'succeeded' and b.expired_at is null order by b.id desc limit 1) as backup_age_s`

/** Asks the database what waits; one short query with a time limit of its own. */
export async function readBacklog(ctx: Pick<Ctx, 'pool'>): Promise<Backlog> {
  const client = await ctx.pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin read only')
    await client.query(`set local statement_timeout = ${timeoutMs}`)
    const { rows } = await client.query<Backlog>(backlogSql)
    await client.query('commit')
    const found = rows[0]!
    // A job put off to a later hour is not late.
    return { ...found, jobs: found.jobs.map((j) => ({ ...j, oldest_s: Math.max(0, j.oldest_s) })) }
  } catch (error) {
    await client.query('rollback').catch((e: Error) => (broken = e))
    throw error
  } finally {
    client.release(broken)
  }
}

const readers = new WeakMap<Registry, () => Promise<void>>()

/** Gauges of the backlog; call the answer before a scrape is printed. It asks the database every five seconds at most. */
export function watchBacklog(ctx: Ctx): () => Promise<void> {
  const { registry } = ctx.metrics
  const known = readers.get(registry)
  if (known) return known
  const registers = [registry]
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name, help, labelNames, registers })
  const jobs = gauge('liquor_jobs', 'Background jobs that wait or run', ['kind', 'status'])
  const jobAge = gauge('liquor_job_oldest_seconds', 'Age of the oldest of them', ['kind', 'status'])
  const due = gauge('liquor_sends_due', 'Sends whose hour has come and that have not left', ['channel'])
  const dueAge = gauge('liquor_send_lag_seconds', 'How late the oldest of them is', ['channel'])
  const unknown = gauge('liquor_sends_unknown', 'Sends of this week’s campaigns whose fate is not known')
  const posts = gauge('liquor_webhook_posts', 'Webhook posts not yet taken apart')
  const postAge = gauge('liquor_webhook_lag_seconds', 'Age of the oldest of them')
  const lag = gauge('liquor_rollup_lag_seconds', 'Since when the day sums are behind the events')
  const rows = gauge('liquor_rollup_rows', 'Changes that are not in the day sums yet')
  const backup = gauge('liquor_backup_age_seconds', 'Age of the newest good backup; -1: there is none')
  const answers = gauge('liquor_database_up', '1 while the database answers')
  const connections = gauge('liquor_database_connections', 'Connections of this process', ['state'])
  let reading: Promise<void> | null = null
  let readAt = 0

  async function read(): Promise<void> {
    try {
      const found = await readBacklog(ctx)
      for (const g of [jobs, jobAge]) g.reset()
      for (const { kind, status, count, oldest_s } of found.jobs) {
        jobs.set({ kind, status }, count)
        jobAge.set({ kind, status }, oldest_s)
      }
      for (const channel of ['email', 'sms']) {
        const waiting = found.sends.find((s) => s.channel === channel)
        due.set({ channel }, waiting?.due ?? 0)
        dueAge.set({ channel }, waiting?.oldest_s ?? 0)
      }
      unknown.set(found.unknown)
      posts.set(found.posts)
      postAge.set(found.posts_oldest_s)
      lag.set(found.rollup_lag_s)
      rows.set(found.rollup_rows)
      backup.set(found.backup_age_s ?? -1)
      answers.set(1)
    } catch (err) {
      answers.set(0)
      ctx.log.warn({ err: err as Error }, 'the backlog could not be read for the metrics')
    }
  }

  const refresh = async (): Promise<void> => {
    connections.set({ state: 'total' }, ctx.pool.totalCount)
    connections.set({ state: 'idle' }, ctx.pool.idleCount)
    connections.set({ state: 'waiting' }, ctx.pool.waitingCount)
    if (Date.now() - readAt < keptMs) return
    // Two scrapes at once share one reading.
    reading ??= read().finally(() => {
      readAt = Date.now()
      reading = null
    })
    await reading
  }
  readers.set(registry, refresh)
  return refresh
}
