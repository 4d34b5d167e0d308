import type { PoolClient } from 'pg'
import type { z } from 'zod'
import { candidateZones } from '#core/compliance/zones.ts'
import type { RowRules } from '#core/knowledge/import-row.ts'
import { withTx } from '#db/pool.ts'
import { startJobLater } from '../../background.ts'
import type { Ctx } from '../../context.ts'
import { readSetting } from '../../settings.ts'
import { createStaging, openStaging, type Staging } from '../import/staging.ts'

export interface Remark {
  path: string
  message: string
}

/** What the readers and merges of an import need to know about the shop. */
export interface Shop {
  currency: string
  rules: RowRules
  zonesOf: (place: { state: string | null; zip: string | null; phone: string | null }) => string[]
}

export async function readShop(ctx: Ctx): Promise<Shop> {
  const shop = await readSetting(ctx.pool, 'shop')
  return {
    currency: shop.currency,
    rules: { now: ctx.clock(), timeZone: shop.time_zone, dateOrder: 'mdy', country: 'US' },
    zonesOf: (place) => {
      const found = candidateZones(place, shop.time_zone)
      return found.known ? found.zones : []
    },
  }
}

/** The items of a batch that are well formed, and what is wrong with the others. Paths begin with `list`. */
export function parseBatch<T extends z.ZodType>(
  list: string,
  items: readonly unknown[],
  schema: T,
): { good: { index: number; item: z.output<T> }[]; bad: { index: number; errors: Remark[] }[] } {
  const good: { index: number; item: z.output<T> }[] = []
  const bad: { index: number; errors: Remark[] }[] = []
  items.forEach((given, index) => {
    const parsed = schema.safeParse(given)
    if (parsed.success) good.push({ index, item: parsed.data })
    else
      bad.push({
        index,
        errors: parsed.error.issues.map((issue) => ({
          path: [list, index, ...issue.path].join('.'),
          message: issue.message,
        })),
      })
  })
  return { good, bad }
}

/** A text field of something that may be anything. */
export function textOf(given: unknown, field: string): string | null {
  const value = typeof given === 'object' && given !== null ? (given as Record<string, unknown>)[field] : null
  return typeof value === 'string' ? value.slice(0, 100) : null
}

/**
 * One batch is one transaction, and one after the other: two that know the same new customer would each make them.
 * Where an import or a person wrote the same rows in the same moment, it is done once more.
 */
export async function inTurn<T>(ctx: Ctx, run: (tx: PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await withTx(ctx.pool, async (tx) => {
        await tx.query(`select pg_advisory_xact_lock(hashtextextended('ingest', 7))`)
        return run(tx)
      })
    } catch (error) {
      // Deadlock, serialization, and a unique key that somebody else took meanwhile.
      const again = ['40P01', '40001', '23505'].includes((error as { code?: string }).code ?? '')
      if (!again || attempt >= 2) throw error
    }
  }
}

/** The staging table of an import, filled from memory; line numbers are the caller's. */
export async function stage<T>(
  tx: PoolClient,
  staging: Staging<T>,
  rows: readonly { line: number; facts: T }[],
): Promise<void> {
  // Two merges may follow each other in one transaction; their working tables have the same names.
  await tx.query('discard temp')
  await createStaging(tx, staging)
  const writer = openStaging(tx, staging)
  try {
    for (const { line, facts } of rows) {
      writer.write(line, null, staging.values(facts))
      await writer.flush()
    }
    await writer.end()
  } catch (error) {
    await writer.abort(error as Error)
    throw error
  }
}

/** What a merge said about lines: refusals, or remarks on what went in. */
export async function saidOf(
  tx: PoolClient,
  table: 'rejected' | 'noted',
): Promise<{ line: number; column_name: string; reason: string }[]> {
  const { rows } = await tx.query<{ line: number; column_name: string; reason: string }>(
    `select ${table}.line, ${table}.column_name, ${table}.reason from ${table} order by ${table}.line`,
  )
  return rows
}

/** New purchases change what we know: results of running campaigns, then every score; however many batches come, now and then. */
export async function followOrders(ctx: Ctx): Promise<void> {
  await startJobLater(ctx, 'follow_orders', { delayMs: 60_000, apartMs: 15 * 60_000 }).catch((err: unknown) =>
    ctx.log.warn({ err }, 'scores will follow with the next order'),
  )
}
