import type { Offer } from '../planning/offer.ts'
import type { ContactLimits, Window } from './contact-hours.ts'
import { explainStates, type OpenOn } from './explain.ts'
import type { Policy } from './policy.ts'
import type { Verdict } from './verdict.ts'

const allDay: [string, string] = ['00:00', '24:00']

/** The policy and limits of a shop that wants every hour the law leaves. */
function lawOnly(policy: Policy, limits: ContactLimits): { policy: Policy; limits: ContactLimits } {
  const window = { start: allDay[0], end: allDay[1] }
  return {
    limits: { ...limits, email_window: window, sms_window: window },
    policy: {
      ...policy,
      quiet_hours: {
        ...policy.quiet_hours,
        product_default: { ...policy.quiet_hours.product_default, mon_fri: allDay, sat: allDay, sun: allDay },
      },
    },
  }
}

const outcomeWords: Record<Verdict['outcome'], string> = {
  allow: 'yes',
  require: 'yes, with a text',
  warn: 'review',
  defer: 'later',
  deny: '**no**',
}
const dayWords: Record<OpenOn['days'], string> = { mon_fri: 'Mon–Fri', sat: 'Sat', sun: 'Sun', holiday: 'holidays' }

function hoursWords(open: readonly OpenOn[]): string {
  const words = (o: OpenOn): string => (o.window ? `${o.window.start}–${o.window.end}` : 'none')
  if (open.every((o) => words(o) === words(open[0]!))) return words(open[0]!)
  const groups = Map.groupBy(open, words)
  return [...groups].map(([hours, days]) => `${days.map((o) => dayWords[o.days]).join(', ')} ${hours}`).join('; ')
}

function opinionWords(outcome: Verdict['outcome'], verdicts: readonly Verdict[]): string {
  const why = verdicts.filter((v) => v.outcome === outcome && v.outcome !== 'allow')
  const text = outcome === 'warn' && verdicts.some((v) => v.outcome === 'require') ? ', with a text' : ''
  return `${outcomeWords[outcome]}${text}${why.length > 0 ? ` (${[...new Set(why.map((v) => v.rule_id))].join(', ')})` : ''}`
}

/**
 * A Markdown table, one row per state: may the store make the offer, as written and once cost and price are known, and
 * what is left of the window for texts, by law alone and as this product sends.
 */
export function renderStateTable(
  example: { asWritten: Offer; priced: Offer; window: Window },
  policy: Policy,
  limits: ContactLimits,
): string {
  const { asWritten, priced, window } = example
  const law = lawOnly(policy, limits)
  const byLaw = explainStates(asWritten, law.policy, law.limits, window)
  const withPrices = explainStates(priced, policy, limits, window)
  const rows = explainStates(asWritten, policy, limits, window).map((row, i) => {
    const [own, free] = [withPrices[i]!, byLaw[i]!]
    return [
      row.state,
      opinionWords(row.outcome, row.verdicts),
      opinionWords(own.outcome, own.verdicts),
      hoursWords(row.email),
      hoursWords(free.sms),
      hoursWords(row.sms),
    ]
  })
  const heads = ['State', 'Offer as written', 'Cost and price known', 'Email', 'Texts, by law', 'Texts, as we send']
  return padded([heads, ...rows])
}

/** Markdown with aligned columns, as the formatter of this repository writes it. */
function padded(cells: readonly (readonly string[])[]): string {
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((row) => Array.from(row[i]!).length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell + ' '.repeat(widths[i]! - Array.from(cell).length)).join(' | ')} |`
  const [head, ...rest] = cells.map(line)
  return [head, `| ${widths.map((w) => '-'.repeat(w)).join(' | ')} |`, ...rest].join('\n')
}
