import type { Pool } from 'pg'
import type { Actor } from './audit.ts'

export interface Count {
  total: number
  total_is_exact: boolean
}

export type Asker = Partial<Pick<Actor, 'id'>>
export type Reader = Pick<Actor, 'role'> & Asker

interface Kept {
  /** askers with the same name are given the same count */
  name: string
  count: Promise<Count>
  began: number
  /** Infinity while it is being counted */
  ended: number
  until: number
}

/** What each user wrote, in this process: rows they made, and when they wrote anything else last. */
interface Written {
  at: number
  made: { id: string; began: number; ended: number }[]
}

const remembered = new Map<string, Kept>()
const written = new Map<string, Written>()
const longestMs = 15_000
/** No count that is still given out began longer ago, however long it took. */
const rememberedMs = 60_000
/** Who makes more rows in a minute is counted anew. */
const mostMade = 50
let lastPool: Pool | undefined
let names = 0

/**
 * Exact up to 10,000; beyond, the planner's estimate: counting a million rows for a page nobody reads is not worth it.
 * A slow count is good for three hundred times what it took, an estimate for 15 seconds, and neither for longer: who leafs
 * through a list asks for them at every page. Who asks while the same count is being made waits for that one.
 * @param asker is shown no count that began before they wrote last
 */
export function countUpTo(
  pool: Pool,
  from: string,
  where: string,
  values: readonly unknown[],
  asker?: Asker,
): Promise<Count> {
  return countFor(pool, from, where, values, asker).count
}

/**
 * The same for a list of things whose ids are `idOf`. Who made some of them since a count ended is shown that count and those
 * of theirs that the list holds: a look-up by id instead of a count. Does not wait for the count itself.
 */
export async function startCount(
  pool: Pool,
  from: string,
  where: string,
  values: readonly unknown[],
  asker: Asker,
  idOf: string,
): Promise<Pick<Kept, 'name' | 'count'>> {
  const kept = remembered.get(keyOf(from, where, values))
  const own = writtenBy(asker)
  if (!kept || pool !== lastPool || kept.until <= Date.now() || own.at >= kept.began)
    return countFor(pool, from, where, values, asker)
  const since = own.made.filter((m) => m.ended >= kept.began)
  if (since.length === 0) return kept
  // What was made while it was counted may be in it or not.
  if (since.some((m) => m.began <= kept.ended)) return countFor(pool, from, where, values, asker)
  const count = await kept.count
  const { rows } = await pool.query<{ n: number }>(
    `select count(*) as n from ${from} where ${where} and ${idOf} = any($${values.length + 1}::uuid[])`,
    [...values, since.map((m) => m.id)],
  )
  const { n } = rows[0]!
  if (n === 0) return kept
  return { name: `${kept.name}+${n}`, count: Promise.resolve({ ...count, total: count.total + n }) }
}

function countFor(pool: Pool, from: string, where: string, values: readonly unknown[], asker?: Asker): Kept {
  if (pool !== lastPool || remembered.size > 500) remembered.clear()
  lastPool = pool
  const key = keyOf(from, where, values)
  const began = Date.now()
  const kept = remembered.get(key)
  if (kept && kept.until > began && kept.began > lastWriteOf(asker)) return kept
  const count = countNow(pool, from, where, values)
  const own: Kept = { name: String(++names), count, began, ended: Infinity, until: Infinity }
  remembered.set(key, own)
  // Forgotten while it was made: somebody has written since.
  const isStill = (): boolean => remembered.get(key) === own
  count.then(
    ({ total_is_exact }) => {
      own.ended = Date.now()
      const tookMs = own.ended - began
      own.until = own.ended + (total_is_exact ? Math.min(longestMs, tookMs * 300) : longestMs)
      if (isStill() && total_is_exact && tookMs < 10) remembered.delete(key)
    },
    () => isStill() && remembered.delete(key),
  )
  return own
}

const keyOf = (from: string, where: string, values: readonly unknown[]): string => JSON.stringify([from, where, values])

function writtenBy(asker?: Asker): Written {
  return (asker?.id && written.get(asker.id)) || { at: 0, made: [] }
}

/** Who has written must not be shown what was counted before; others may, for some seconds. */
export function noteWrite(writer: Asker): void {
  if (writer.id) written.set(writer.id, { at: Date.now(), made: [] })
  forgetWriters()
}

/** They made one thing, and changed nothing else, by a request that took so long and has just ended. */
export function noteMade(writer: Asker, id: string, tookMs: number): void {
  const ended = Date.now()
  const { at, made } = writtenBy(writer)
  if (made.length >= mostMade) return noteWrite(writer)
  const recent = made.filter((m) => m.ended > ended - rememberedMs)
  // Rounded so that it began rather too early.
  const began = Math.floor(ended - tookMs) - 1
  if (writer.id) written.set(writer.id, { at, made: [...recent, { id, began, ended }] })
  forgetWriters()
}

function forgetWriters(): void {
  if (written.size <= 10_000) return
  written.clear()
  // Nobody knows any more who must not be shown them.
  remembered.clear()
}

/** Milliseconds since 1970; 0: not while counts are remembered. */
export function lastWriteOf(asker?: Asker): number {
  const { at, made } = writtenBy(asker)
  const last = Math.max(at, made.at(-1)?.ended ?? 0)
  return last > Date.now() - rememberedMs ? last : 0
}

/** After many rows changed: nobody is shown what was counted before. */
export function forgetCounts(): void {
  remembered.clear()
}

async function countNow(pool: Pool, from: string, where: string, values: readonly unknown[]): Promise<Count> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*) as n from (select from ${from} where ${where} limit 10001) as counted`,
    [...values],
  )
  const n = rows[0]?.n ?? 0
  if (n <= 10_000) return { total: n, total_is_exact: true }
  const { rows: plan } = await pool.query<{ 'QUERY PLAN': { Plan: { 'Plan Rows': number } }[] }>(
    `explain (format json) select from ${from} where ${where}`,
    [...values],
  )
  return {
    total: Math.max(10_001, Math.round(plan[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? n)),
    total_is_exact: false,
  }
}
