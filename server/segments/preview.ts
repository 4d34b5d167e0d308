import type { SegmentPreview } from '#contract/segments.ts'
import type { Rule } from '#core/segments/rule.ts'
import { partsOf } from '#core/segments/rule-shape.ts'
import { sayRule } from '#core/segments/sentence.ts'
import { withTx } from '#db/pool.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { customerColumns, customerFrom, showCustomer } from '../customer-rows.ts'
import { createParams } from '../keyset.ts'
import { readSetting } from '../settings.ts'
import { createTurns } from '../turns.ts'
import { compileRule, type Reading } from './compile.ts'
import { readWords } from './words.ts'

/** A person waits at a form: an exact count may take this long, then a sample answers. */
const exactMs = 450
const sampleRows = 5_000
const isTooSlow = (error: unknown): boolean => (error as { code?: string }).code === '57014'

/** Each reads all customers: two leave the shop its processor, and a queue longer than a minute of typing helps nobody. */
const turns = createTurns({ atOnce: 2, most: 100, patienceMs: 30_000 })

type Figures = Pick<SegmentPreview, 'count' | 'is_exact' | 'customers'> & { without: number[] }

/** What a rule would hold, without storing anything. Throws `busy` when too many are asked at once. */
export function previewRule(ctx: Ctx, actor: Pick<Actor, 'role'>, rule: Rule): ReturnType<typeof readPreview> {
  return turns.take(() => readPreview(ctx, actor, rule))
}

async function readPreview(
  ctx: Ctx,
  actor: Pick<Actor, 'role'>,
  rule: Rule,
): Promise<Omit<SegmentPreview, 'sample'> & { sample: ReturnType<typeof showCustomer>[] }> {
  const words = await readWords(ctx.pool)
  const parts = partsOf(rule)
  const all = parts?.kind === 'all' && parts.parts.length > 1 ? parts.parts : [rule]
  const figures = await count(ctx, all)
  return {
    sentence: sayRule(rule, words),
    count: figures.count,
    is_exact: figures.is_exact,
    customers: figures.customers,
    without:
      all.length > 1
        ? all.map((part, i) => ({ part: i, sentence: sayRule(part, words), count: figures.without[i] ?? 0 }))
        : [],
    sample: figures.count === 0 ? [] : await sample(ctx, actor, rule),
  }
}

async function count(ctx: Ctx, parts: readonly Rule[]): Promise<Figures> {
  const { rows: size } = await ctx.pool.query<{ n: number }>(
    `select greatest(reltuples, 0)::float8 as n from pg_class where oid = 'customers'::regclass`,
  )
  const estimate = size[0]!.n
  try {
    return { ...(await countOn(ctx, parts, 'sets', customerFrom, exactMs)), is_exact: true }
  } catch (error) {
    if (!isTooSlow(error)) throw error
  }
  const percent = Math.min(100, (100 * sampleRows) / Math.max(estimate, 1))
  const from = customerFrom.replace('customers as c', `customers as c tablesample system (${percent}) repeatable (7)`)
  const found = await countOn(ctx, parts, 'rows', from, 20_000)
  const scale = found.customers > 0 ? estimate / found.customers : 0
  const scaled = (n: number): number => Math.round(n * scale)
  return {
    count: scaled(found.count),
    customers: Math.round(estimate),
    without: found.without.map(scaled),
    is_exact: false,
  }
}

// One pass counts the whole and each whole-but-one.
async function countOn(
  ctx: Ctx,
  parts: readonly Rule[],
  reading: Reading,
  from: string,
  withinMs: number,
): Promise<Omit<Figures, 'is_exact'>> {
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  const params = createParams()
  const moment = { now: ctx.clock(), zone }
  const columns = parts.map((part, i) => `(${compileRule(part, params, moment, reading)}) is true as p${i}`)
  const all = parts.map((_, i) => `p${i}`)
  const without = parts.map((_, i) => all.filter((p) => p !== `p${i}`).join(' and ') || 'true')
  return withTx(ctx.pool, async (tx) => {
    await tx.query(`set local statement_timeout = ${withinMs}`)
    const { rows } = await tx.query<{ customers: number; found: number; without: number[] }>(
      `select count(*) as customers, count(*) filter (where ${all.join(' and ')}) as found,
         array[${without.map((w) => `count(*) filter (where ${w})`).join(', ')}]::float8[] as without
       from (select ${columns.join(', ')} from ${from} where c.deleted_at is null) as judged`,
      params.values,
    )
    return { customers: rows[0]!.customers, count: rows[0]!.found, without: rows[0]!.without }
  })
}

async function sample(ctx: Ctx, actor: Pick<Actor, 'role'>, rule: Rule) {
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  const params = createParams()
  const sql = compileRule(rule, params, { now: ctx.clock(), zone }, 'rows')
  try {
    return await withTx(ctx.pool, async (tx) => {
      await tx.query(`set local statement_timeout = 2000`)
      const { rows } = await tx.query<Parameters<typeof showCustomer>[0]>(
        `select ${customerColumns} from ${customerFrom} where c.deleted_at is null and (${sql}) limit 5`,
        params.values,
      )
      return rows.map((row) => showCustomer(row, actor))
    })
  } catch (error) {
    // A handful among a million: the count stands, five faces are not worth a longer wait.
    if (isTooSlow(error)) return []
    throw error
  }
}
