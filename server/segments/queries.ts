import type { CustomerRow } from '#contract/knowledge.ts'
import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import { customerColumns, customerFrom, showCustomer } from '../customer-rows.ts'
import { countUpTo, type Count, type Reader } from '../list-counts.ts'
import { notFound } from '../http/errors.ts'
import {
  afterCursor,
  createParams,
  orderBy,
  parseSort,
  readCursor,
  writeCursor,
  type SortKeys,
  type SortStep,
} from '../keyset.ts'

export type SegmentRow = z.input<typeof import('#contract/segments.ts').Segment>
type Paged<T> = Count & { data: T[]; page: number; page_size: number; next_cursor: string | null }

const columns = `g.id, g.key, g.name, g.description, g.kind, g.rules, g.recommended_offers, g.tone, g.messaging_strategy, g.optimal_channels, g.optimal_send_window,
  g.cool_down_days, g.is_active, g.customer_count, g.last_computed_at, g.version, g.created_at, g.updated_at`

const sortKeys: SortKeys = {
  name: { sql: 'g.name', type: 'text' },
  key: { sql: 'g.key', type: 'text' },
  customer_count: { sql: 'g.customer_count', type: 'bigint' },
}

interface SegmentQuery {
  page: number
  page_size: number
  cursor?: string | undefined
  sort?: string | undefined
  q?: string | undefined
  kind?: string | undefined
}

/** Segments with their playbooks, largest first. */
export async function listSegments(ctx: Ctx, query: SegmentQuery): Promise<Paged<SegmentRow>> {
  const sort = query.sort ?? '-customer_count,name'
  const steps = parseSort(sort, sort, sortKeys, 'g.id')
  const params = createParams()
  const terms = ['g.deleted_at is null']
  if (query.q) {
    const text = params.add(`%${query.q.replaceAll('\0', '').replace(/[\\%_]/g, '\\$&')}%`)
    terms.push(`(g.name ilike ${text} or g.description ilike ${text})`)
  }
  if (query.kind) terms.push(`g.kind = ${params.add(query.kind)}`)
  const where = terms.join(' and ')
  const filterValues = [...params.values]
  const after = query.cursor
    ? ` and ${afterCursor(steps, readCursor(ctx.config.secret, query.cursor, sort), params)}`
    : ''
  const keys = `jsonb_build_array(${steps.map((s) => s.sql).join(', ')}) as keys`
  const [{ rows }, count] = await Promise.all([
    ctx.pool.query<SegmentRow & { keys: unknown[] }>(
      `select ${columns}, ${keys} from segments as g where ${where}${after} order by ${orderBy(steps)}
       limit ${params.add(query.page_size + 1)} offset ${params.add(query.cursor ? 0 : (query.page - 1) * query.page_size)}`,
      params.values,
    ),
    countUpTo(ctx.pool, 'segments as g', where, filterValues),
  ])
  const page = rows.slice(0, query.page_size)
  const last = page.at(-1)
  return {
    data: page.map(({ keys: _, ...row }) => row),
    page: query.page,
    page_size: query.page_size,
    ...count,
    next_cursor: rows.length > query.page_size && last ? writeCursor(ctx.config.secret, sort, last.keys) : null,
  }
}

/** Throws not_found. */
export async function readSegment(ctx: Ctx, id: string): Promise<SegmentRow> {
  const { rows } = await ctx.pool.query<SegmentRow>(
    `select ${columns} from segments as g where g.id = $1 and g.deleted_at is null`,
    [id],
  )
  if (!rows[0]) throw notFound('segment', id)
  return rows[0]
}

const byValue: SortStep[] = [
  { sql: 's.clv_cents', type: 'bigint', descending: true },
  { sql: 'c.id', type: 'uuid', descending: true },
]

/** Members of a segment, highest expected value first. Throws not_found. */
export async function listMembers(
  ctx: Ctx,
  actor: Reader,
  id: string,
  query: { page: number; page_size: number; cursor?: string | undefined },
): Promise<Paged<CustomerRow>> {
  await readSegment(ctx, id)
  const params = createParams()
  const from = `${customerFrom} join segment_members as m on m.customer_id = c.id`
  const where = `m.segment_id = ${params.add(id)}::uuid and c.deleted_at is null`
  const sort = `members:${id}`
  const after = query.cursor
    ? ` and ${afterCursor(byValue, readCursor(ctx.config.secret, query.cursor, sort), params)}`
    : ''
  const [{ rows }, count] = await Promise.all([
    ctx.pool.query<Omit<CustomerRow, 'is_masked'>>(
      `select ${customerColumns} from ${from} where ${where}${after} order by ${orderBy(byValue)}
       limit ${params.add(query.page_size + 1)} offset ${params.add(query.cursor ? 0 : (query.page - 1) * query.page_size)}`,
      params.values,
    ),
    countUpTo(ctx.pool, from, `m.segment_id = $1::uuid and c.deleted_at is null`, [id], actor),
  ])
  const page = rows.slice(0, query.page_size)
  const last = page.at(-1)
  return {
    data: page.map((row) => showCustomer(row, actor)),
    page: query.page,
    page_size: query.page_size,
    ...count,
    next_cursor:
      rows.length > query.page_size && last
        ? writeCursor(ctx.config.secret, sort, [last.clv_score_cents, last.id])
        : null,
  }
}
