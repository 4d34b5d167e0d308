import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { History } from '#core/scoring/purchase-model.ts'
import { ledgerOf, type Ledger } from '#core/scoring/snapshot.ts'

/** The CDNOW sample of Fader & Hardie: one tenth of the people who first bought in the first quarter of 1997. */
const folder = process.env['LIQUOR_AGENT_DATA'] ?? '../shared/data'
const file = path.join(folder, 'cdnow_sample_2357.csv.gz')
const readyMade = path.join(folder, 'cdnow_sample_cbs39.csv.gz')

export const cdnowIsAbsent = !existsSync(file)
export const cdnowFile = file

export interface Buyer extends History {
  id: string
  /** transactions: days since 1970-01-01 and their value in dollars */
  days: number[]
  dollars: number[]
  /** mean value of the repeat transactions of the calibration */
  mean: number
  /** transactions and dollars of the holdout */
  holdout: number
  holdoutSpend: number
}

const dayNumber = (yyyymmdd: string): number =>
  Date.UTC(+yyyymmdd.slice(0, 4), +yyyymmdd.slice(4, 6) - 1, +yyyymmdd.slice(6, 8)) / 86_400_000

/** Last day of the calibration, of the data, and the day on which RFM looks at all of it. */
export const calibrationEnd = dayNumber('19970930')
export const holdoutEnd = dayNumber('19980630')
export const rfmDay = dayNumber('19980701')
export const holdoutWeeks = 39

const total = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0)

export function readCdnow(): Buyer[] {
  const byId = new Map<string, Map<number, number>>()
  for (const line of gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n').slice(1)) {
    const [id = '', , date = '', , dollars = '0'] = line.split(',')
    const days = byId.get(id) ?? new Map<number, number>()
    byId.set(id, days)
    days.set(dayNumber(date), (days.get(dayNumber(date)) ?? 0) + Number(dollars))
  }
  return [...byId]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, byDay]) => {
      const days = [...byDay.keys()].sort((p, q) => p - q)
      const dollars = days.map((day) => byDay.get(day)!)
      const known = days.filter((day) => day <= calibrationEnd).length
      const first = days[0]!
      const x = known - 1
      return {
        id,
        days,
        dollars,
        x,
        tx: (days[known - 1]! - first) / 7,
        T: (calibrationEnd - first) / 7,
        mean: x > 0 ? total(dollars.slice(1, known)) / x : 0,
        holdout: days.length - known,
        holdoutSpend: total(dollars.slice(known)),
      }
    })
}

/** x, t_x and T as the published spreadsheet has them, rounded to two decimals. */
export function readReadyMade(): History[] {
  return gunzipSync(readFileSync(readyMade))
    .toString('utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [, x, tx, T] = line.split(',').map(Number)
      return { x: x!, tx: tx!, T: T! }
    })
}

/** What was known on a day: later transactions are not in it at all. */
export function ledgerUntil(people: readonly Buyer[], day: number): Ledger {
  return ledgerOf(
    people.map((p) => {
      const known = p.days.filter((d) => d <= day).length
      return { days: p.days.slice(0, known), cents: p.dollars.slice(0, known).map((d) => Math.round(d * 100)) }
    }),
  )
}
