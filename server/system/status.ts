import type { system } from '#contract/system.ts'
import type { Answer } from '#contract/http.ts'
import type { Ctx } from '../context.ts'
import { readBacklog } from '../telemetry/gauges.ts'
import { inspect } from './checks.ts'

type Status = Answer<typeof system.status>

/** The whole installation at a glance. */
export async function readStatus(ctx: Ctx): Promise<Status> {
  const [checks, database, processes, duties, backlog] = await Promise.all([
    inspect(ctx),
    ctx.pool.query<Omit<Status['database'], 'is_embedded'>>(
      `select current_setting('server_version') as server_version, (select max(m.version) from schema_migrations as m) as schema_version,
         pg_database_size(current_database()) as size_bytes,
         (select count(*) from pg_stat_activity as a where a.backend_type = 'client backend') as connections,
         current_setting('max_connections')::int as max_connections`,
    ),
    ctx.pool.query<Status['processes'][number]>(
      `select p.id, p.host, p.pid, p.roles, p.version, p.rss_bytes, p.started_at, p.seen_at, p.seen_at < now() - interval '1 minute' as is_silent
       from processes as p order by p.started_at`,
    ),
    ctx.pool.query<Status['duties'][number]>(
      `select d.name, d.every_ms, d.started_at, d.took_ms, coalesce(d.busy_until > now(), false) as is_running, d.runs, d.failures, d.error
       from duties as d order by d.name`,
    ),
    readBacklog(ctx),
  ])
  const jobs = (status: string): Backlogged => backlog.jobs.filter((j) => j.status === status)
  return {
    version: ctx.config.version,
    at: ctx.clock(),
    checks,
    database: { ...database.rows[0]!, is_embedded: ctx.config.databaseUrl === null },
    parts: {
      jobs: ctx.queue.kind,
      live: ctx.bus.kind,
      files: ctx.files.kind,
      has_pooler: ctx.config.directUrl !== null,
      has_replica: ctx.config.replicaUrl !== null,
      has_traces: ctx.tracer.isOn,
      has_error_reports: ctx.config.sentry !== null,
    },
    processes: processes.rows,
    duties: duties.rows,
    waiting: {
      jobs_queued: total(jobs('queued').map((j) => j.count)),
      jobs_running: total(jobs('running').map((j) => j.count)),
      job_oldest_s: Math.max(0, ...jobs('queued').map((j) => j.oldest_s)),
      sends_due: total(backlog.sends.map((s) => s.due)),
      send_lag_s: Math.max(0, ...backlog.sends.map((s) => s.oldest_s)),
      webhook_posts: backlog.posts,
      rollup_lag_s: backlog.rollup_lag_s ?? 0,
      sends_unknown: backlog.unknown,
    },
  }
}

type Backlogged = { count: number; oldest_s: number }[]
const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)
