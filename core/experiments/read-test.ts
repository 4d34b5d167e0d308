import { formatCents } from '../money.ts'
import { dataNeeded, meanAndVariance, welch, type Arm, type Interval } from './stats.ts'
import { cuped, type PairedArm } from './cuped.ts'
import { holm, sharedAlpha } from './corrections.ts'
import { alwaysValid } from './sequential.ts'
import { sampleRatio } from './srm.ts'
import type { Share } from './proportions.ts'
import { compareShares } from './proportions.ts'

export type Metric = 'clicks' | 'orders' | 'revenue'

export interface ArmData {
  key: string
  label: string
  weight: number
  /** everybody drawn into it, also those who then got nothing: who is counted must be who was drawn */
  drawn: number
  data: PairedArm
  /** customers who unsubscribed or complained after the message */
  left: number
}

export interface ArmResult {
  key: string
  label: string
  customers: number
  /** share in percent, or cents */
  mean: number
  /** against the first arm, in percent of it; null for the first, and while the first has nothing */
  lift_pct: Interval | null
  p_value: number | null
  left_pct: number
}

export type Outcome = 'broken' | 'too_small' | 'no_difference' | 'winner'

export interface TestResult {
  outcome: Outcome
  winner: string | null
  srm_p: number | null
  /** empty when the draw is broken: no figure may be read then */
  arms: ArmResult[]
  /** variance taken away by what the same customers did before, in percent */
  cuped_reduction_pct: number
  weeks_needed: number | null
  /** what speaks against rolling the winner out; null: nothing */
  guard: string | null
  verdict: string
}

const hopelessWeeks = 520

/**
 * Reads a test as of today. Looking every day is allowed: intervals are always valid, several arms share the error
 * (Holm for p, Bonferroni for intervals), the time before is taken out (CUPED), and when the arms are not as large as
 * they were drawn, nothing is shown.
 */
export function readTest(
  arms: readonly ArmData[],
  options: { metric: Metric; minEffect: number; weeks: number; currency: string },
): TestResult {
  const ratio = sampleRatio(
    arms.map((a) => a.drawn),
    arms.map((a) => a.weight),
  )
  const nothing = {
    winner: null,
    cuped_reduction_pct: 0,
    weeks_needed: null,
    guard: null,
    srm_p: ratio?.pValue ?? null,
  }
  if (ratio?.alarm) {
    return {
      ...nothing,
      outcome: 'broken',
      arms: [],
      verdict: `The versions do not have the sizes they were drawn in (${arms.map((a) => `${a.label}: ${count(a.drawn)}`).join(', ')}). Something kept customers out of one of them, so no result is shown: it would be wrong.`,
    }
  }
  const adjusted = cuped(arms.map((a) => a.data))
  const control = arms[0]!
  const base = mean(control.data)
  const alpha = sharedAlpha(0.05, arms.length - 1)
  const compared = arms.slice(1).map((_, i) => compare(adjusted.arms[0]!, adjusted.arms[i + 1]!, alpha))
  const ps = holm(compared.map((c) => c?.pValue ?? 1))
  const results: ArmResult[] = arms.map((arm, i) => {
    const c = i === 0 ? null : compared[i - 1]
    return {
      key: arm.key,
      label: arm.label,
      customers: arm.data.n,
      mean: shownMean(arm.data, options.metric),
      lift_pct: c && base > 0 ? { low: pct(c.low / base), mid: pct(c.mid / base), high: pct(c.high / base) } : null,
      p_value: i === 0 ? null : ps[i - 1]!,
      left_pct: arm.data.n > 0 ? Math.round((arm.left / arm.data.n) * 10_000) / 100 : 0,
    }
  })
  const better = results.filter((r, i) => i > 0 && ps[i - 1]! < 0.05 && (r.lift_pct?.mid ?? 0) > 0)
  const worse = results.filter((r, i) => i > 0 && ps[i - 1]! < 0.05 && (r.lift_pct?.mid ?? 0) < 0)
  const best = better.toSorted((a, b) => b.lift_pct!.mid - a.lift_pct!.mid)[0]
  // All others clearly behind: the first version is the winner.
  const winner = best?.key ?? (worse.length === arms.length - 1 ? control.key : null)
  const shared = {
    ...nothing,
    arms: results,
    cuped_reduction_pct: Math.round(adjusted.reduction * 1000) / 10,
  }
  if (winner !== null) {
    const won = results.find((r) => r.key === winner)!
    return {
      ...shared,
      outcome: 'winner',
      winner,
      guard: guardOf(arms, winner),
      verdict: best
        ? `“${won.label}” is better: ${describe(won, results[0]!, options)}. You can be 95% sure that it is between ${signed(won.lift_pct!.low)} and ${signed(won.lift_pct!.high)}.`
        : `“${control.label}” stays the best: the ${arms.length === 2 ? 'other version does' : 'others do'} clearly worse (${worse.map((w) => `${w.label} ${signed(w.lift_pct!.mid)}`).join(', ')}).`,
    }
  }
  const inside = results
    .slice(1)
    .every(
      (r) =>
        r.lift_pct !== null && r.lift_pct.low > -100 * options.minEffect && r.lift_pct.high < 100 * options.minEffect,
    )
  if (inside)
    return {
      ...shared,
      outcome: 'no_difference',
      verdict: `There is no difference that matters: whatever it is, it is smaller than ${Math.round(options.minEffect * 100)}%. Take the version you like.`,
    }
  const weeks = weeksNeeded(adjusted.arms, base, options)
  return {
    ...shared,
    outcome: 'too_small',
    weeks_needed: weeks !== null && weeks <= hopelessWeeks ? weeks : null,
    verdict: tooSmall(results, base, weeks, options),
  }
}

function compare(control: Arm, treated: Arm, alpha: number) {
  const fixed = welch(control, treated, 1 - alpha)
  if (!fixed) return null
  return alwaysValid(fixed.mid, fixed.standardError, control.n + treated.n, control.n + treated.n, alpha)
}

function weeksNeeded(arms: readonly Arm[], base: number, o: { minEffect: number; weeks: number }): number | null {
  const worst = Math.max(...arms.slice(1).map((arm) => welch(arms[0]!, arm)?.standardError ?? Infinity))
  if (!Number.isFinite(worst) || base <= 0) return null
  const more = (dataNeeded(worst, o.minEffect * base) - 1) * Math.max(1, o.weeks)
  return more > 0 ? Math.ceil(more) : 1
}

function tooSmall(
  results: readonly ArmResult[],
  base: number,
  weeks: number | null,
  o: { metric: Metric; minEffect: number },
): string {
  const did = { clicks: 'clicked', orders: 'bought', revenue: 'bought' }[o.metric]
  if (base <= 0 && results.every((r) => r.mean === 0)) return `Too small to tell: nobody ${did} yet.`
  if (base <= 0) return `Too small to tell: nobody who got “${results[0]!.label}” ${did} yet.`
  const [ahead] = results.slice(1).toSorted((a, b) => Math.abs(b.lift_pct?.mid ?? 0) - Math.abs(a.lift_pct?.mid ?? 0))
  const now = ahead?.lift_pct
    ? ` “${ahead.label}” stands at ${signed(ahead.lift_pct.mid)}, but it could be anything from ${signed(ahead.lift_pct.low)} to ${signed(ahead.lift_pct.high)}.`
    : ''
  if (weeks === null || weeks > hopelessWeeks)
    return `Too small to tell.${now} A shop of this size will not see ${Math.round(o.minEffect * 100)}% here; look at clicks, or test something bolder.`
  return `Too small to tell: about ${count(weeks)} more ${weeks === 1 ? 'week' : 'weeks'} like this.${now}`
}

/** A winner that drives customers off the list is none. */
function guardOf(arms: readonly ArmData[], winner: string): string | null {
  const won = arms.find((a) => a.key === winner)!
  const others = arms.filter((a) => a !== won)
  const rest: Share = {
    successes: others.reduce((s, a) => s + a.left, 0),
    n: others.reduce((s, a) => s + a.data.n, 0),
  }
  const share: Share = { successes: won.left, n: won.data.n }
  const worse = compareShares(rest, share)
  const rate = won.left / Math.max(1, won.data.n)
  if (worse && worse.low > 0)
    return `More customers unsubscribed or complained after “${won.label}” (${(rate * 100).toFixed(2)}%) than after the others.`
  // facts/science.md §5: .5 % is the warning line.
  if (won.left >= 5 && rate > 0.005)
    return `${(rate * 100).toFixed(2)}% unsubscribed or complained after “${won.label}”; above 0.5% a list wears out.`
  return null
}

function describe(won: ArmResult, first: ArmResult, o: { metric: Metric; currency: string }): string {
  const value = (v: number): string =>
    o.metric === 'revenue' ? `${formatCents(Math.round(v), o.currency)} per customer` : `${v}%`
  const did = { clicks: 'clicked', orders: 'bought', revenue: 'spent' }[o.metric]
  return `${value(won.mean)} ${did}, against ${value(first.mean)} with “${first.label}” (${signed(won.lift_pct!.mid)})`
}

const mean = (arm: PairedArm): number => (arm.n > 0 ? arm.y / arm.n : 0)
const shownMean = (arm: PairedArm, metric: Metric): number => {
  const { mean: m } = meanAndVariance({ n: arm.n, sum: arm.y, sumOfSquares: arm.yy })
  return metric === 'revenue' ? Math.round(m) : Math.round(m * 10_000) / 100
}
const pct = (share: number): number => Math.round(share * 1000) / 10
const signed = (percent: number): string => `${percent > 0 ? '+' : ''}${percent}%`
const count = (n: number): string => n.toLocaleString('en-US')
