import type { Verdict } from '#core/compliance/verdict.ts'
import type { Estimate, PlanEntry, Window } from '#core/planning/plan.ts'
import { count, day, money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'

export type SegmentNames = ReadonlyMap<string, string>

/** A segment's name, or its key made readable when the segment is gone. */
export function segmentWord(key: string, names: SegmentNames): string {
  return names.get(key) ?? key.replaceAll('_', ' ').replace(/^\w/, (c) => c.toUpperCase())
}

/** The seven days of the week that starts on `weekStart`. */
export function weekDays(weekStart: string): string[] {
  return Array.from({ length: 7 }, (_, i) => addDays(weekStart, i))
}

export function addDays(iso: string, days: number): string {
  const at = new Date(`${iso}T00:00:00Z`)
  at.setUTCDate(at.getUTCDate() + days)
  return at.toISOString().slice(0, 10)
}

/** Monday of the week after the given day. */
export function nextMonday(today: string): string {
  const weekday = new Date(`${today}T00:00:00Z`).getUTCDay()
  return addDays(today, (8 - weekday) % 7 || 7)
}

/** Today in the shop's zone. */
export function todayIn(zone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    new Date(),
  )
}

export function weekWord(weekStart: string): string {
  return t('{from} to {to}', { from: day(weekStart), to: day(addDays(weekStart, 6), 'date') })
}

/** "5–8 PM" from wall-clock hours. */
export function windowWord({ start, end }: Window): string {
  const [from, to] = [clockWord(start), clockWord(end)]
  // "5–8 PM": the half of the day once, when both share it.
  const short = from.slice(-2) === to.slice(-2) ? from.slice(0, -3) : from
  return `${short}–${to}`
}
function clockWord(hhmm: string): string {
  const [h = 0, m = 0] = hhmm.split(':').map(Number)
  const half = h % 24 < 12 ? 'AM' : 'PM'
  const hour = h % 12 === 0 ? 12 : h % 12
  return m === 0 ? `${hour} ${half}` : `${hour}:${String(m).padStart(2, '0')} ${half}`
}

/** Forecast money without false precision: whole units from $10 up, a real minus sign. */
export function aboutMoney(cents: number): string {
  const words =
    Math.abs(cents) >= 1000 ? money(Math.round(cents / 100) * 100).replace(/\.00$/, '') : money(Math.round(cents))
  return words.replace('-', '\u2212')
}
export function moneyRange({ low, high }: Estimate): string {
  return t('{low} to {high}', { low: aboutMoney(low), high: aboutMoney(high) })
}
export function countRange({ low, high }: Estimate): string {
  return t('{low} to {high}', { low: count(Math.round(low)), high: count(Math.round(high)) })
}

/** Rules a person should see on a card: what passes needs no mark. */
export function visibleVerdicts(entry: Pick<PlanEntry, 'verdicts'>): Verdict[] {
  return entry.verdicts.filter((v) => v.outcome !== 'allow')
}

const outcomeWords: Record<Verdict['outcome'], string> = {
  allow: 'Allowed',
  warn: 'Warning',
  require: 'Text added',
  defer: 'Waits',
  deny: 'Refused',
}
export const outcomeWord = (outcome: Verdict['outcome']): string => t(outcomeWords[outcome])
export const outcomeTone = (outcome: Verdict['outcome']): 'good' | 'warn' | 'info' | 'risk' =>
  ({ allow: 'good', warn: 'warn', require: 'info', defer: 'warn', deny: 'risk' } as const)[outcome]
