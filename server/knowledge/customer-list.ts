import { hash } from 'node:crypto'
import type { CustomerQuery, CustomerRow } from '#contract/knowledge.ts'
import { readEmail, readPhone } from '#core/knowledge/read-value.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import {
  countUpTo,
  customerColumns,
  customerFrom,
  customerSortKeys,
  showCustomer,
  type Count,
} from '../customer-rows.ts'
import {
  afterCursor,
  createParams,
  orderBy,
  parseSort,
  readCursor,
  writeCursor,
  type Params,
  type SortStep,
} from '../keyset.ts'

const live = 'c.deleted_at is null'
const likeText = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

/** The filters as one condition over `c` and `s`; every value is a parameter. */
export function customerWhere(
  query: Partial<CustomerQuery>,
  actor: Pick<Actor, 'role'>,
  now: Date,
  params: Params,
): string {
  return customerTerms(query, actor, now, params).join(' and ')
}

function customerTerms(query: Partial<CustomerQuery>, actor: Pick<Actor, 'role'>, now: Date, params: Params): string[] {
  const terms: string[] = [query.deleted ? 'c.deleted_at is not null' : live]
  const anyOf = (sql: string, values: readonly string[] | undefined): void => {
    if (values && values.length > 0) terms.push(`${sql} = any(${params.add(values)}::text[])`)
  }
  const bound = (sql: string, operator: string, value: unknown, type: string): void => {
    if (value !== undefined) terms.push(`${sql} ${operator} ${params.add(value)}::${type}`)
  }
  const daysAgo = (days: number): Date => new Date(now.getTime() - days * 86_400_000)
  if (query.q) terms.push(searchTerm(query.q, actor, params))
  anyOf('s.rfm_segment', query.rfm_segment)
  anyOf('s.churn_risk', query.churn_risk)
  anyOf('s.primary_category', query.primary_category)
  anyOf(
    'c.state',
    query.state?.map((s) => s.toUpperCase()),
  )
  anyOf('c.age_status', query.age_status)
  anyOf('c.email_consent', query.email_consent)
  anyOf('c.sms_consent', query.sms_consent)
  bound('s.is_night_buyer', '=', query.is_night_buyer, 'boolean')
  if (query.bought_within_days !== undefined)
    bound('s.last_purchase_at', '>=', daysAgo(query.bought_within_days), 'timestamptz')
  if (query.not_bought_for_days !== undefined)
    terms.push(
      `(s.last_purchase_at is null or s.last_purchase_at < ${params.add(daysAgo(query.not_bought_for_days))}::timestamptz)`,
    )
  bound('s.clv_cents', '>=', query.clv_min_cents, 'bigint')
  bound('s.clv_cents', '<=', query.clv_max_cents, 'bigint')
  bound('s.total_spent_cents', '>=', query.spent_min_cents, 'bigint')
  bound('s.total_spent_cents', '<=', query.spent_max_cents, 'bigint')
  if (query.tags && query.tags.length > 0) terms.push(`c.tags @> ${params.add(query.tags)}::text[]`)
  bound('c.store_id', '=', query.store_id, 'uuid')
  bound('c.import_id', '=', query.import_id, 'uuid')
  bound('c.is_demo', '=', query.is_demo, 'boolean')
  if (query.segment_id)
    terms.push(
      `exists (select from segment_members as m where m.customer_id = c.id and m.segment_id = ${params.add(query.segment_id)}::uuid)`,
    )
  return terms
}

// Who may not see an address must not find it out letter by letter either, so only whole ones match.
function searchTerm(q: string, actor: Pick<Actor, 'role'>, params: Params): string {
  // PostgreSQL's text cannot hold NUL.
  const clean = q.replaceAll('\0', '')
  const email = readEmail(clean).value
  // A whole address is one person; every other way to find it would look at all addresses of its domain.
  if (email) return `c.email = ${params.add(email)}::citext`
  const inside = params.add(`%${likeText(clean)}%`)
  const begins = params.add(`${likeText(clean.toLowerCase())}%`)
  const terms = [`c.name ilike ${inside}`, `lower(c.external_id) like ${begins}`]
  const digits = clean.replace(/\D/g, '')
  if (actor.role === 'user') {
    const phone = digits.length >= 10 ? readPhone(clean).value : undefined
    if (phone) terms.push(`c.phone = ${params.add(phone)}`)
  } else {
    // No address has a blank in it.
    if (!/\s/.test(clean)) terms.push(`c.email::text ilike ${inside}`)
    if (digits.length >= 3 && /^[\d\s()+.-]+$/.test(clean)) terms.push(`c.phone like ${params.add(`%${digits}%`)}`)
  }
  return `(${terms.join(' or ')})`
}

export interface CustomerPage extends Count {
  data: CustomerRow[]
  page: number
  page_size: number
  next_cursor: string | null
}

/** One page of customers. With a cursor the page number is ignored and nothing is skipped or repeated while rows change. */
export async function listCustomers(ctx: Ctx, actor: Pick<Actor, 'role'>, query: CustomerQuery): Promise<CustomerPage> {
  const sort = query.sort ?? 'name'
  const steps = parseSort(sort, 'name', customerSortKeys, 'c.id')
  const counted = createParams()
  const where = customerWhere(query, actor, ctx.clock(), counted)
  const counting = countUpTo(ctx.pool, customerFrom, where, counted.values)
  const read = async (filled: boolean): Promise<PageRow[]> => {
    const params = createParams()
    const terms = customerTerms(query, actor, ctx.clock(), params)
    const after = query.cursor ? readCursor(ctx.config.secret, query.cursor, sort) : null
    if (filled && after?.[0] === null) return []
    const sql = pageSql(steps, terms, params, {
      filled,
      after,
      limit: query.page_size + 1,
      skip: after ? 0 : (query.page - 1) * query.page_size,
    })
    // Without a filter the plan is the same for everybody, so it is made once for each connection. A name has 63 bytes at
    // most and means one text only, so it is made of the text.
    const name = params.values.length === 0 ? `customers ${hash('sha256', sql, 'base64url')}` : undefined
    return (await ctx.pool.query<PageRow>({ text: sql, values: params.values, ...(name ? { name } : {}) })).rows
  }
  // First those who have the key at all: an index gives them in order. The others come last, and are seldom asked for.
  const [first, count] = await Promise.all([read(true), counting])
  const isAll =
    !query.cursor && count.total_is_exact && count.total === (query.page - 1) * query.page_size + first.length
  const rows = first.length > query.page_size || isAll ? first : await read(false)
  const page = rows.slice(0, query.page_size)
  const last = page.at(-1)
  const next = rows.length > query.page_size && last ? writeCursor(ctx.config.secret, sort, last.page_keys) : null
  const data = page.map(({ page_keys: _, ...row }) => showCustomer(row, actor))
  return { data, page: query.page, page_size: query.page_size, ...count, next_cursor: next }
}

type PageRow = Omit<CustomerRow, 'is_masked'> & { page_keys: unknown[] }

interface Slice {
  /** only rows that have the first key */
  filled: boolean
  after: unknown[] | null
  limit: number
  skip: number
}

/** The ids of the page come from as few columns as possible, so that skipping many rows costs little; then their rows. */
function pageSql(steps: readonly SortStep[], terms: readonly string[], params: Params, slice: Slice): string {
  const lead = steps[0]!
  const fromScores = slice.filled && /\bs\./.test(lead.sql)
  const uses = (table: 'c' | 's'): boolean =>
    [...terms.filter((t) => t !== live), ...steps.slice(0, -1).map((s) => s.sql)].some((sql) =>
      new RegExp(`\\b${table}\\.`).test(sql),
    )
  const alone = fromScores ? !uses('c') : !uses('s')
  // Few customers are deleted; looking them up by their own small index saves a look at everybody else.
  const inner = fromScores
    ? alone
      ? {
          from: 'customer_scores as s',
          where: terms.map((t) =>
            t === live ? 's.customer_id not in (select d.id from customers as d where d.deleted_at is not null)' : t,
          ),
        }
      : { from: 'customer_scores as s join customers as c on c.id = s.customer_id', where: terms }
    : { from: alone ? 'customers as c' : customerFrom, where: terms }
  const id = fromScores ? 's.customer_id' : 'c.id'
  const ordered = steps.map((step) => (step.type === 'uuid' ? { ...step, sql: id } : step))
  const where = [
    ...inner.where,
    ...(slice.filled ? [`${lead.sql} is not null`] : []),
    ...(slice.after ? [afterCursor(ordered, slice.after, params, slice.filled)] : []),
  ]
  const keys = steps.map((step) =>
    step.type === 'timestamptz' ? `to_char(${step.sql} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ')` : step.sql,
  )
  return `select ${customerColumns}, jsonb_build_array(${keys.join(', ')}) as page_keys
    from (select ${id} as id from ${inner.from} where ${where.join(' and ')} order by ${orderBy(ordered, slice.filled)}
      limit ${slice.limit}${slice.skip > 0 ? ` offset ${params.add(slice.skip)}` : ''}) as page
    join customers as c on c.id = page.id left join customer_scores as s on s.customer_id = c.id
    order by ${orderBy(steps)}`
}
