import { statfs } from 'node:fs/promises'
import type { Check } from '#contract/system.ts'
import type { Ctx } from '../context.ts'
import { readState } from '../rollups.ts'
import { conditionsOf } from '../telemetry/health.ts'
import { lastDue } from './backups.ts'
import { checkCertificate } from './certificate-check.ts'
import { readSetting } from '../settings.ts'

type Level = Check['level']
const check = (name: string, level: Level, detail: string): Check => ({ check: name, level, detail })
const mb = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MB`

/** A duty is late when it has missed so many of its turns. */
const missedTurns = 3

/** Everything that can be wrong with an installation, each with what to do about it. Reads only. */
export async function inspect(ctx: Ctx): Promise<Check[]> {
  const groups = await Promise.all(
    [
      disk,
      database,
      schema,
      partitions,
      workers,
      duties,
      waiting,
      sums,
      backups,
      channels,
      safety,
      parts,
      certificate,
    ].map(async (look) =>
      look(ctx).catch((error: unknown) => [
        check(look.name, 'bad', `could not be looked at: ${(error as Error).message}`),
      ]),
    ),
  )
  return groups.flat()
}

async function disk(ctx: Ctx): Promise<Check[]> {
  const found = await statfs(ctx.config.dataDir)
  const free = found.bavail * found.bsize
  const level = free < 500 * 2 ** 20 ? 'bad' : free < 2 * 2 ** 30 ? 'warn' : 'ok'
  return [
    check(
      'data folder',
      level,
      `${ctx.config.dataDir}, ${mb(free)} free${level === 'ok' ? '' : ': free some space, or move LMA_DATA'}`,
    ),
  ]
}

const certificate = (ctx: Ctx): Promise<Check[]> => Promise.resolve(checkCertificate(ctx))

async function database(ctx: Ctx): Promise<Check[]> {
  const started = performance.now()
  const { rows } = await ctx.pool.query<{
    version: string
    fsync: string
    skew: number
    used: number
    most: number
    longest_s: number
    broken: string[]
    timescale: string | null
  }>(
    `select current_setting('server_version') as version, current_setting('fsync') as fsync,
       extract(epoch from clock_timestamp())::float8 * 1000 - $1 as skew,
       (select count(*) from pg_stat_activity as a where a.backend_type = 'client backend') as used,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as most,
       (select coalesce(max(extract(epoch from now() - a.xact_start)), 0)::float8 from pg_stat_activity as a
        where a.datname = current_database() and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()) as longest_s,
       (select coalesce(array_agg(i.indexrelid::regclass::text), '{}') from pg_index as i where not i.indisvalid) as broken,
       (select e.extversion from pg_extension as e where e.extname = 'timescaledb') as timescale`,
    [Date.now()],
  )
  const found = rows[0]!
  const answerMs = performance.now() - started
  const skewS = Math.max(0, Math.abs(found.skew) - answerMs) / 1000
  const full = found.used / found.most
  return [
    check(
      'database',
      'ok',
      `PostgreSQL ${found.version}${found.timescale ? ` with TimescaleDB ${found.timescale}` : ''}, answers in ${answerMs.toFixed(0)} ms`,
    ),
    check(
      'connections',
      full > 0.95 ? 'bad' : full > 0.8 ? 'warn' : 'ok',
      `${found.used} of ${found.most}${full > 0.8 ? ': lower DATABASE_POOL, raise max_connections, or put PgBouncer in front' : ''}`,
    ),
    ...(found.fsync === 'off'
      ? [check('fsync', 'bad', 'is off: a power failure loses the database. Switch it on.')]
      : []),
    ...(skewS > 2
      ? [
          check(
            'clock',
            'warn',
            `this machine and the database differ by ${skewS.toFixed(1)} s: synchronise them (NTP)`,
          ),
        ]
      : []),
    ...(found.longest_s > 3600
      ? [
          check(
            'transactions',
            'warn',
            `one is open for ${Math.round(found.longest_s / 60)} minutes and keeps the tables from being cleaned`,
          ),
        ]
      : []),
    ...(found.broken.length > 0
      ? [check('indexes', 'bad', `${found.broken.join(', ')} cannot be used: run REINDEX INDEX CONCURRENTLY on each`)]
      : []),
  ]
}

async function schema(ctx: Ctx): Promise<Check[]> {
  const conditions = await conditionsOf(ctx)
  return conditions.map((c) =>
    check(c.name === 'database' ? 'schema' : c.name, c.ok ? 'ok' : c.isNeeded ? 'bad' : 'warn', c.detail),
  )
}

async function partitions(ctx: Ctx): Promise<Check[]> {
  const { rows } = await ctx.pool.query<{ parent: string }>(
    `select p.relname as parent from pg_class as p where p.relname in ('sends', 'analytics_events') and p.relnamespace = 'public'::regnamespace
       and to_regclass('public.' || p.relname || to_char(now() at time zone 'UTC' + interval '1 month', '"_"YYYY_MM')) is null`,
  )
  return [
    rows.length === 0
      ? check('partitions', 'ok', 'next month is ready')
      : check(
          'partitions',
          'warn',
          `${rows.map((r) => r.parent).join(', ')} has none for next month: start a worker, it makes them`,
        ),
  ]
}

async function workers(ctx: Ctx): Promise<Check[]> {
  const { rows } = await ctx.pool.query<{ roles: string[]; version: string }>(
    `select p.roles, p.version from processes as p where p.seen_at > now() - interval '1 minute'`,
  )
  if (rows.length === 0) return [check('processes', 'ok', 'none runs now')]
  const count = (role: string): number => rows.filter((r) => r.roles.includes(role)).length
  const versions = [...new Set(rows.map((r) => r.version))].toSorted()
  return [
    check(
      'processes',
      count('worker') === 0 ? 'bad' : 'ok',
      count('worker') === 0
        ? `${count('api')} API, no worker: nothing is sent and no job is done. Start one: liquor-agent worker`
        : `${count('api')} API, ${count('worker')} worker`,
    ),
    ...(versions.length > 1
      ? [check('releases', 'warn', `${versions.join(' and ')} run side by side: finish the update`)]
      : []),
  ]
}

async function duties(ctx: Ctx): Promise<Check[]> {
  const { rows } = await ctx.pool.query<{ name: string; error: string | null; is_late: boolean }>(
    `select d.name, d.error, d.busy_until is null and d.started_at < now() - make_interval(secs => ${missedTurns} * d.every_ms / 1000.0 + 60)
         and exists (select from processes as p where 'worker' = any(p.roles) and p.seen_at > now() - interval '1 minute'
           and p.started_at < now() - make_interval(secs => ${missedTurns} * d.every_ms / 1000.0 + 60)) as is_late
     from duties as d`,
  )
  const late = rows.filter((r) => r.is_late)
  const failed = rows.filter((r) => r.error !== null)
  return [
    ...failed.map((r) => check(`duty ${r.name}`, 'warn', `failed last time: ${r.error}`)),
    ...late.map((r) =>
      check(`duty ${r.name}`, 'warn', 'has not run for several of its turns: look at the log of the worker'),
    ),
    ...(late.length + failed.length === 0 ? [check('duties', 'ok', `${rows.length} in their rhythm`)] : []),
  ]
}

async function waiting(ctx: Ctx): Promise<Check[]> {
  const { rows } = await ctx.pool.query<{ jobs: number; jobs_s: number; posts: number; posts_s: number }>(
    `select count(*) as jobs, coalesce(max(extract(epoch from now() - coalesce(j.due_at, j.created_at))), 0)::float8 as jobs_s,
       (select count(*) from webhook_inbox as w where w.kind is not null and w.status = 'received') as posts,
       (select coalesce(max(extract(epoch from now() - w.received_at)), 0)::float8 from webhook_inbox as w where w.kind is not null and w.status = 'received') as posts_s
     from jobs as j where j.status = 'queued'`,
  )
  const { jobs, jobs_s, posts, posts_s } = rows[0]!
  const minutes = (s: number): string => `the oldest for ${Math.max(0, Math.round(s / 60))} minutes`
  return [
    check('jobs', jobs_s > 900 ? 'warn' : 'ok', jobs === 0 ? 'none waits' : `${jobs} wait, ${minutes(jobs_s)}`),
    ...(posts_s > 300
      ? [check('webhooks', 'warn', `${posts} posts wait, ${minutes(posts_s)}: is a worker running?`)]
      : []),
  ]
}

async function sums(ctx: Ctx): Promise<Check[]> {
  const { mismatches } = await readState(ctx.pool)
  return [
    mismatches === 0
      ? check('sums', 'ok', 'equal a recount of events and orders')
      : check('sums', 'bad', `${mismatches} differ from a recount: run liquor-agent rollups rebuild`),
  ]
}

async function backups(ctx: Ctx): Promise<Check[]> {
  const [settings, shop] = await Promise.all([readSetting(ctx.pool, 'backups'), readSetting(ctx.pool, 'shop')])
  const { rows } = await ctx.pool.query<{ at: Date | null; error: string | null; is_young: boolean }>(
    `select (select max(b.started_at) from backups as b where b.status = 'succeeded' and b.expired_at is null) as at,
       (select b.error from backups as b where b.status <> 'running' order by b.id desc limit 1) as error,
       (select min(m.applied_at) from schema_migrations as m) > now() - interval '1 day' as is_young`,
  )
  const { at, error, is_young } = rows[0]!
  if (error) return [check('backup', 'bad', `the last one failed: ${error}`)]
  if (!at)
    return [
      check(
        'backup',
        is_young ? 'ok' : 'warn',
        `there is none yet; make one with liquor-agent backup${settings.enabled ? ', or wait for the night' : ''}`,
      ),
    ]
  const due =
    settings.enabled && at < new Date(lastDue(ctx.clock(), settings.at, shop.time_zone).getTime() - 86_400_000)
  return [
    check(
      'backup',
      due ? 'warn' : 'ok',
      `the newest good one is of ${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    ),
  ]
}

async function channels(ctx: Ctx): Promise<Check[]> {
  const found: Check[] = []
  let isLive = false
  for (const kind of ['email', 'sms'] as const) {
    const names = (await ctx.channels.routes(kind)).map((r) => r.channel.name)
    const isSandbox = names.includes('sandbox')
    if (!isSandbox) isLive = true
    found.push(
      check(
        kind === 'email' ? 'email channel' : 'text channel',
        'ok',
        isSandbox ? 'sandbox: nothing leaves this machine' : names.join(', '),
      ),
    )
  }
  if (isLive && /\/\/(localhost|127\.)/.test(ctx.config.publicUrl))
    found.push(
      check(
        'links',
        'bad',
        `messages go to real customers with links to ${ctx.config.publicUrl}, which they cannot open: set PUBLIC_URL`,
      ),
    )
  return found
}

async function safety(ctx: Ctx): Promise<Check[]> {
  const { publicUrl, host, metrics } = ctx.config
  const isOpen = !/^(127\.|localhost$|::1$)/.test(host)
  await Promise.resolve()
  return [
    ...(isOpen && publicUrl.startsWith('http:')
      ? [
          check(
            'encryption',
            'warn',
            'the API listens to other machines and PUBLIC_URL is not https: put a proxy with TLS in front',
          ),
        ]
      : []),
    ...(metrics.port !== null && isOpen && metrics.token === null
      ? [check('metrics', 'warn', 'METRICS_PORT is open to other machines but tells only this one: set METRICS_TOKEN')]
      : []),
  ]
}

async function parts(ctx: Ctx): Promise<Check[]> {
  const found: Check[] = []
  if (ctx.config.replicaUrl !== null) {
    await ctx.readings.pool()
    const lag = ctx.readings.lagSeconds()
    found.push(
      lag === null
        ? check('replica', 'warn', 'does not answer: reports read from the primary')
        : check(
            'replica',
            lag > 5 ? 'warn' : 'ok',
            `${lag.toFixed(1)} s behind${lag > 5 ? ': reports read from the primary' : ''}`,
          ),
    )
  }
  if (ctx.files.kind === 's3') {
    const key = 'checks/doctor.txt'
    await ctx.files.put(key, one(Buffer.from('ok')))
    const size = await ctx.files.size(key)
    await ctx.files.remove(key)
    found.push(check('files', size === 2 ? 'ok' : 'bad', `${ctx.files.location('checks')} can be written and read`))
  }
  return found
}

async function* one(chunk: Buffer): AsyncGenerator<Buffer> {
  yield chunk
}
