import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { z } from 'zod'
import type { audit as contract, AuditLine } from '#contract/audit.ts'
import type { Received } from '#contract/http.ts'
import { csvLine } from '#core/knowledge/csv-cell.ts'
import { audit, type Actor } from '../audit.ts'
import { sealAudit, verifyAudit, type AuditVerdict } from '../audit-seals.ts'
import type { JobHandler } from '../background.ts'
import type { Ctx } from '../context.ts'
import { InputError } from '../http/errors.ts'

type Shown = z.input<typeof AuditLine>
type Filter = Received<typeof contract.export>['query']
type Query = Received<typeof contract.list>['query']

const mostCounted = 10_000
const mostExported = 100_000

// $1 kind, $2 words, $3 actor, $4 kind of actor, $5 entity, $6 entity id, $7 request, $8 first id, $9 first id after the last day
const valuesOf = (f: Filter): unknown[] => [
  f.kind ?? null,
  f.q ? f.q.replace(/[\\%_]/g, '\\$&') : null,
  f.actor_id ?? null,
  f.actor_kind ?? null,
  f.entity ?? null,
  f.entity_id ?? null,
  f.request_id ?? null,
  f.from ?? null,
  f.to ?? null,
]

/** Both trails as one. Each side is limited by itself first, so neither is read further than a page needs. */
function linesSql(columns: { events: string; changes: string }, tail: string): string {
  const common = `($3::uuid is null or l.actor_id = $3) and ($4::text is null or l.actor_kind = $4) and ($7::text is null or l.request_id = $7)
    and ($8::date is null or l.id >= uuidv7_floor($8::date::timestamp at time zone 'UTC'))
    and ($9::date is null or l.id < uuidv7_floor(($9::date + 1)::timestamp at time zone 'UTC'))`
  return `
    (select ${columns.events} from audit_log as l where coalesce($1, 'event') = 'event' and ${common}
       and ($5::text is null or l.entity = $5) and ($6::text is null or l.entity_id = $6)
       and ($2::text is null or l.action ilike '%' || $2 || '%' or l.entity_id = $2 or l.request_id = $2) ${tail})
    union all
    (select ${columns.changes} from row_changes as l where coalesce($1, 'change') = 'change' and ${common}
       and ($5::text is null or l.table_name = $5) and ($6::text is null or l.row_id = $6)
       and ($2::text is null or l.table_name || '.' || l.operation ilike '%' || $2 || '%' or l.row_id = $2 or l.request_id = $2) ${tail})`
}

const shared = `l.id, l.at, l.actor_kind, l.actor_id, l.before, l.after, l.request_id, l.sealed_in is not null as is_sealed, l.redacted_at is not null as is_redacted`
const shown = {
  events: `'event' as kind, ${shared}, l.action, l.entity, l.entity_id, 1::bigint as rows, l.reason`,
  changes: `'change' as kind, ${shared}, l.table_name || '.' || l.operation as action, l.table_name as entity, l.row_id as entity_id, l.rows, null as reason`,
}

async function readLines(ctx: Ctx, filter: Filter, before: string | null, limit: number, skip = 0): Promise<Shown[]> {
  const { rows } = await ctx.pool.query<Shown>(
    `with page as (
       select x.* from (${linesSql(shown, `and ($10::uuid is null or l.id < $10) order by l.id desc limit $11::bigint + $12`)}) as x
       order by x.id desc limit $11 offset $12
     )
     select p.*, coalesce(u.full_name, u.email::text, k.name) as actor_name
     from page as p left join users as u on p.actor_kind = 'user' and u.id = p.actor_id
       left join api_keys as k on p.actor_kind = 'api_key' and k.id = p.actor_id order by p.id desc`,
    [...valuesOf(filter), before, limit, skip],
  )
  return rows
}

/** A page of the trail, newest first; `cursor` is the id of the last line seen. */
export async function listAudit(ctx: Ctx, query: Query): Promise<z.input<typeof contract.list.reply>> {
  const { page, page_size, cursor, ...filter } = query
  if (cursor && !/^[0-9a-f-]{36}$/i.test(cursor))
    throw new InputError([{ path: 'query.cursor', message: 'This cursor is not one of ours.' }])
  const skip = cursor ? 0 : Math.min((page - 1) * page_size, mostExported)
  const [data, { rows: counted }] = await Promise.all([
    readLines(ctx, filter, cursor ?? null, page_size, skip),
    ctx.pool.query<{ n: number }>(
      `select least(count(*), ${mostCounted}) as n from (${linesSql({ events: '1', changes: '1' }, `limit ${mostCounted}`)}) as x`,
      valuesOf(filter),
    ),
  ])
  const total = counted[0]!.n
  return {
    data,
    page,
    page_size,
    total,
    total_is_exact: total < mostCounted,
    next_cursor: data.length === page_size ? (data.at(-1)?.id ?? null) : null,
  }
}

const head = [
  'at',
  'kind',
  'actor_kind',
  'actor_name',
  'actor_id',
  'action',
  'entity',
  'entity_id',
  'rows',
  'reason',
  'before',
  'after',
  'request_id',
  'id',
] as const

/** The trail as CSV, a thousand lines at a time; no cell of it is a formula. */
export async function exportAudit(ctx: Ctx, actor: Actor, filter: Filter): Promise<Readable> {
  await audit(ctx.pool, actor, { action: 'audit.exported', entity: 'audit', after: filter })
  async function* lines(): AsyncGenerator<string> {
    yield csvLine(head)
    let last: string | null = null
    for (let n = 0; n < mostExported; n += 1000) {
      const rows: Shown[] = await readLines(ctx, filter, last, 1000)
      yield rows.map((row) => csvLine(head.map((name) => cellOf(row[name])))).join('')
      if (rows.length < 1000) return
      last = rows.at(-1)!.id
    }
  }
  const stream = Readable.from(lines(), { objectMode: false })
  // A fault of the first page is still an error of the request.
  await Promise.race([once(stream, 'readable'), once(stream, 'error')])
  return stream
}

const cellOf = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : value instanceof Date
      ? value.toISOString()
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value as string | number)

/** How far the trail is sealed, and what the last verification found. */
export async function auditState(ctx: Ctx): Promise<z.input<typeof contract.state.reply>> {
  const [{ rows: seals }, { rows: counts }, { rows: jobs }] = await Promise.all([
    ctx.pool.query<{ number: number; at: Date; hash: string }>(
      `select s.number, s.sealed_at as at, encode(s.hash, 'hex') as hash from audit_seals as s order by s.number desc limit 1`,
    ),
    ctx.pool.query<{ lines: number; unsealed: number }>(
      `select (select coalesce(sum(s.lines), 0)::bigint from audit_seals as s where s.pruned_at is null) as lines,
         (select count(*) from audit_log as l where l.sealed_in is null) + (select count(*) from row_changes as l where l.sealed_in is null) as unsealed`,
    ),
    ctx.pool.query<{ at: Date; result: AuditVerdict | null; error: string | null }>(
      `select j.finished_at as at, j.result, j.error from jobs as j where j.kind = 'audit_verify' and j.finished_at is not null order by j.id desc limit 1`,
    ),
  ])
  const job = jobs[0]
  return {
    lines: counts[0]!.lines + counts[0]!.unsealed,
    seals: seals[0]?.number ?? 0,
    last_seal: seals[0] ?? null,
    unsealed: counts[0]!.unsealed,
    verified: job
      ? {
          at: job.at,
          lines: job.result?.lines ?? 0,
          faults: (job.result?.faults ?? []).map((f) => `Seal ${f.seal}: ${f.fault}`),
          failed: job.error,
        }
      : null,
  }
}

/** The job: seals what is open and reads the whole chain again. */
export const auditVerifyJob: JobHandler = async (ctx, _input, tools) => {
  await tools.progress(0, null, 'Reading the trail')
  await sealAudit(ctx)
  const verdict = await verifyAudit(ctx, tools.signal)
  if (verdict.faults.length > 0) ctx.log.error({ faults: verdict.faults.length }, 'the audit trail was changed')
  return { ...verdict, faults: verdict.faults.slice(0, 100) }
}
