import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { measureLift } from '#core/analytics/lift.ts'
import { thompsonPick, type Random } from '#core/experiments/bandit.ts'
import { cuped } from '#core/experiments/cuped.ts'
import { alwaysValid } from '#core/experiments/sequential.ts'
import { sampleRatio } from '#core/experiments/srm.ts'
import { welch, type Arm } from '#core/experiments/stats.ts'
import { armOfShare } from '#core/experiments/proportions.ts'
import { agrees, vectors } from './experiments-vectors.ts'

// Are the statistics right? Published figures to their digits, and what happens when nothing is there, when somebody
// peeks, when the draw is broken, and when the truth is known. facts/science.md §4.
const quick = process.argv.includes('--quick')
const say = (text: string): boolean => process.stderr.write(text + '\n')

/** Mulberry32: small, even, repeatable. */
function seeded(seed: number): Random {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
const round = (n: number, digits = 4): number => Number(n.toFixed(digits))
const standardError = (p: number, n: number): number => Math.sqrt((p * (1 - p)) / n)
const failures: string[] = []
const must = (ok: boolean, what: string): void => {
  say(`${ok ? 'ok  ' : 'FAIL'} ${what}`)
  if (!ok) failures.push(what)
}

const wrong = vectors.filter((v) => !agrees(v))
for (const v of wrong) say(`FAIL ${v.name}: ${v.actual} instead of ${v.expected}`)
must(wrong.length === 0, `${vectors.length} vectors to the digits given`)

/** Two arms at 10 %, looked at 20 times up to 10,000 each: how often somebody shouts although nothing is there. */
function peeking(runs: number): { fixed: number; sequential: number } {
  const random = seeded(7)
  let fixed = 0
  let sequential = 0
  for (let run = 0; run < runs; run++) {
    const hits = [0, 0]
    let fixedShout = false
    let sequentialShout = false
    for (let look = 1; look <= 20; look++) {
      for (let i = 0; i < 500; i++) {
        if (random() < 0.1) hits[0]!++
        if (random() < 0.1) hits[1]!++
      }
      const n = 500 * look
      const result = welch(armOfShare({ successes: hits[0]!, n }), armOfShare({ successes: hits[1]!, n }))
      if (!result) continue
      fixedShout ||= result.pValue < 0.05
      sequentialShout ||= alwaysValid(result.mid, result.standardError, 2 * n).pValue < 0.05
    }
    fixed += Number(fixedShout)
    sequential += Number(sequentialShout)
  }
  return { fixed: fixed / runs, sequential: sequential / runs }
}
const looks = 2000
const peeked = peeking(looks)
must(
  peeked.sequential <= 0.05 + 2 * standardError(0.05, looks),
  `any-look false positives over 20 looks: always valid ${peeked.sequential}, a fixed test would have ${peeked.fixed}`,
)

interface Mailed {
  womens: boolean
  visit: number
  conversion: number
  spend: number
  history: number
}
function hillstrom(): Mailed[] | null {
  const file = path.join(process.env['LIQUOR_AGENT_DATA'] ?? '../shared/data', 'hillstrom_email_womens.csv.gz')
  if (!existsSync(file)) return null
  const [head, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trim().split(/\r?\n/)
  const column = Object.fromEntries(head!.split(',').map((name, i) => [name, i]))
  return lines.map((line) => {
    // One column is words that may hold a comma in quotes; it is not read.
    const cells = line.replaceAll(/"[^"]*"/g, '').split(',')
    const number = (name: string): number => Number(cells[column[name]!])
    return {
      womens: cells[column['segment']!]!.startsWith('Womens'),
      visit: number('visit'),
      conversion: number('conversion'),
      spend: number('spend'),
      history: number('history'),
    }
  })
}
const armOf = (values: readonly number[]): Arm => ({
  n: values.length,
  sum: values.reduce((a, b) => a + b, 0),
  sumOfSquares: values.reduce((a, b) => a + b * b, 0),
})
const people = hillstrom()
let aaUniform: number | null = null
let cupedReduction: number | null = null
if (!people) say('skipped: the Hillstrom data set is absent')
else {
  const control = people.filter((p) => !p.womens)
  const womens = people.filter((p) => p.womens)
  const lift = (of: (p: Mailed) => number) => welch(armOf(control.map(of)), armOf(womens.map(of)))!
  const spend = lift((p) => p.spend)
  const visit = lift((p) => p.visit)
  const conversion = lift((p) => p.conversion)
  const is = (actual: number, expected: string): boolean => agrees({ name: '', expected, actual })
  must(control.length === 21_306 && womens.length === 21_387, 'Hillstrom arms: 21,306 and 21,387')
  must(
    is(spend.mid, '.424412') && is(spend.standardError, '.130333') && is(spend.pValue, '.00113'),
    `Hillstrom women's arm, spend: +${round(spend.mid, 6)}, se ${round(spend.standardError, 6)}, p ${round(spend.pValue, 5)}`,
  )
  must(
    is(visit.mid, '.045233') && is(visit.mid / visit.standardError, '13.98'),
    `visit: +${round(visit.mid, 6)}, t ${round(visit.mid / visit.standardError, 2)}`,
  )
  must(is(conversion.mid, '.003111'), `conversion: +${round(conversion.mid, 6)}`)
  const paired = cuped(
    [control, womens].map((arm) => ({
      n: arm.length,
      y: arm.reduce((s, p) => s + p.spend, 0),
      yy: arm.reduce((s, p) => s + p.spend ** 2, 0),
      x: arm.reduce((s, p) => s + p.history, 0),
      xx: arm.reduce((s, p) => s + p.history ** 2, 0),
      xy: arm.reduce((s, p) => s + p.spend * p.history, 0),
    })),
  )
  cupedReduction = paired.reduction
  must(
    Math.abs(paired.reduction - 0.0004) < 0.0002,
    `CUPED on Hillstrom says that it does nothing: ${round(paired.reduction * 100, 3)} % less variance`,
  )

  // A/A: the control arm cut in two at random; p values must be even over [0, 1].
  const random = seeded(11)
  const resamples = quick ? 300 : 1000
  const values = control.map((p) => p.spend)
  const ps: number[] = []
  for (let r = 0; r < resamples; r++) {
    const sums = [
      { n: 0, sum: 0, sumOfSquares: 0 },
      { n: 0, sum: 0, sumOfSquares: 0 },
    ]
    for (const value of values) {
      const arm = sums[random() < 0.5 ? 0 : 1]!
      arm.n++
      arm.sum += value
      arm.sumOfSquares += value * value
    }
    ps.push(welch(sums[0]!, sums[1]!)!.pValue)
  }
  ps.sort((x, y) => x - y)
  const gap = Math.max(...ps.map((p, i) => Math.max((i + 1) / resamples - p, p - i / resamples)))
  aaUniform = gap * Math.sqrt(resamples)
  must(
    aaUniform < 1.628,
    `A/A: ${resamples} resamples uniform (Kolmogorov-Smirnov ${round(aaUniform, 3)} < 1.628, p .01)`,
  )
}

// A draw that loses 4 % of one arm is caught, an honest one is not.
{
  const random = seeded(3)
  const tries = 400
  let caught = 0
  let falseAlarms = 0
  for (let i = 0; i < tries; i++) {
    const honest = [0, 0]
    const broken = [0, 0]
    for (let k = 0; k < 20_000; k++) {
      const arm = random() < 0.5 ? 0 : 1
      honest[arm]!++
      if (arm === 0 || random() >= 0.06) broken[arm]!++
    }
    caught += Number(sampleRatio(broken, [1, 1])!.alarm)
    falseAlarms += Number(sampleRatio(honest, [1, 1])!.alarm)
  }
  must(
    caught / tries > 0.75 && falseAlarms <= 3,
    `SRM: ${caught} of ${tries} broken draws caught, ${falseAlarms} false alarms`,
  )
}

// Thompson sampling against the reference regrets of §4.4.
const bandits: { arms: string; at: number; regret: number; reference: number; best_share: number }[] = []
for (const row of [
  { other: 0.08, references: { 1000: 17.2, 10_000: 126.1 } },
  { other: 0.05, references: { 1000: 37.0, 10_000: 104.3 } },
]) {
  const random = seeded(5)
  const runs = quick ? 80 : 200
  const truth = [0.1, ...Array.from({ length: 9 }, () => row.other)]
  const total = { 1000: 0, 10_000: 0 }
  let onBest = 0
  for (let run = 0; run < runs; run++) {
    const arms = truth.map(() => ({ successes: 0, n: 0 }))
    let regret = 0
    for (let t = 1; t <= 10_000; t++) {
      const pick = thompsonPick(arms, random)
      arms[pick]!.n++
      if (random() < truth[pick]!) arms[pick]!.successes++
      regret += 0.1 - truth[pick]!
      if (t === 1000) total[1000] += regret / runs
    }
    total[10_000] += regret / runs
    onBest += arms[0]!.n / 10_000 / runs
  }
  for (const at of [1000, 10_000] as const) {
    const reference = row.references[at]
    bandits.push({
      arms: `.10 + 9x${row.other}`,
      at,
      regret: round(total[at], 1),
      reference,
      best_share: round(onBest, 3),
    })
    must(
      total[at] <= reference * 1.2,
      `Thompson .10 + 9x${row.other}, T ${at}: regret ${round(total[at], 1)} (reference ${reference} + 20 %), ${round(onBest, 3)} on the best`,
    )
  }
}

// A market whose truth is known: the holdout figure covers it, last touch over-states it.
const world = market(quick ? 200 : 1000)
must(
  world.coverage >= 0.9,
  `market: the 95 % interval of the lift covers the truth in ${round(100 * world.coverage, 1)} % of ${world.seeds} seeds`,
)
must(world.overstated > 1.5, `market: last touch claims ${round(world.overstated, 2)} times what the messages caused`)

/** Mean of min(.8, an exponential of mean .18): the share who buy by habit. */
function habitShare(): number {
  return 0.18 * (1 - Math.exp(-0.8 / 0.18))
}

/**
 * Customers who buy by habit (log-normal baskets); a message adds 15 % orders. Who is about to buy anyway
 * clicks more, so last touch within the week takes credit for habit.
 */
function market(seeds: number): { seeds: number; coverage: number; overstated: number } {
  let covered = 0
  let claimed = 0
  let caused = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const random = seeded(seed * 7919)
    const gauss = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    const contacted: number[] = []
    const heldOut: number[] = []
    let truth = 0
    for (let i = 0; i < 6000; i++) {
      const rate = Math.min(0.8, -0.18 * Math.log(1 - random()))
      const held = random() < 0.1
      const basket = Math.round(4200 * Math.exp(0.6 * gauss() - 0.18))
      const habit = random() < rate
      const extra = !habit && random() < (0.15 * rate) / (1 - rate)
      if (held) heldOut.push(habit ? basket : 0)
      else {
        const spent = habit || extra ? basket : 0
        contacted.push(spent)
        if (extra) truth += basket
        if (spent > 0 && random() < (extra ? 0.9 : 0.35)) claimed += spent
      }
    }
    caused += truth
    const lift = measureLift([{ contacted: armOf(contacted), heldOut: armOf(heldOut) }], 25, 1, 'USD')!
    // E[basket] = 4200: the log-normal's mean is 1 at sigma .6 and mu -.18.
    const mean = 0.15 * habitShare() * 4200
    covered += Number(lift.per_customer_cents.low <= mean && mean <= lift.per_customer_cents.high)
  }
  return { seeds, coverage: covered / seeds, overstated: claimed / caused }
}

const figures = {
  vectors_failed: wrong.length,
  any_look_fpr: peeked.sequential,
  coverage: round(world.coverage),
  last_touch_overstated: round(world.overstated, 2),
  aa_ks: aaUniform === null ? null : round(aaUniform, 3),
  cuped_reduction: cupedReduction === null ? null : round(cupedReduction, 5),
  thompson: bandits,
  failed: failures.length,
}
process.stdout.write(JSON.stringify({ bench: 'experiments', quick, figures }) + '\n')
if (failures.length > 0) process.exitCode = 1
