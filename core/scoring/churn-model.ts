import { historyOf } from './facts.ts'
import { calibrate, calibrated, type Calibration } from './isotonic.ts'
import { fitLogistic, logit, sigmoid } from './logistic.ts'
import { collapse, fitPurchaseModel, shopPrior, type FitStart } from './purchase-fit.ts'
import { expectedOrders, probabilityActive, type PurchaseModel } from './purchase-model.ts'
import { expectedGapDays, fitGaps, hiatusDaysOf, sumGaps, type GapModel } from './rhythm.ts'
import { snapshotAt, spanOf, transactionsBetween, type Ledger, type Timing } from './snapshot.ts'

/**
 * Chance of an order within a horizon. `formula` is the purchase model's own P(active), put to the level that the shop
 * showed lately; `supervised` is a logistic regression that may add what the formula does not see. Both start from the
 * formula and are drawn back to it by the ridge, so a small shop gets nearly the formula. `hiatus` is what remains when
 * neither stands the test: the share that came back, by how long they were quiet against their own gaps.
 */
export type ChurnModel = RegressionModel | HiatusModel
export type ChurnMethod = ChurnModel['method']

export interface RegressionModel {
  method: 'formula' | 'supervised'
  coefficients: readonly number[]
  /** null when no past period was as long as the horizon */
  calibration: Calibration | null
}

export interface HiatusModel {
  method: 'hiatus'
  /** orders per week of silence class, as the chance of at least one in a week */
  weekly: readonly number[]
}

/** What features are computed from, besides the customer. */
export interface ChurnGround {
  purchases: PurchaseModel
  gaps: GapModel
  /** mean value of a transaction in the shop */
  meanCents: number
}

const formulaTerms = 2
const knots = [Math.log(0.5), Math.log(1.5), Math.log(3)]
const ridge = 10
const silentWeek = 7

/**
 * The intercept, the formula, and what a shopkeeper would look at: days since the last order against the horizon and
 * against the customer's own gap (with bends where "due" and "overdue" begin), how long known, how often, how much.
 */
function featuresOf(ground: ChurnGround, customer: Timing, horizonWeeks: number, into: Float64Array, at: number): void {
  const history = historyOf(customer)
  const silent = customer.daysSinceLast + silentWeek
  const gap = expectedGapDays(ground.gaps, customer)
  const due = Math.log(silent / gap)
  const mean = Math.max(0, customer.totalCents) / customer.transactions
  into[at] = 1
  into[at + 1] = logit(probabilityActive(ground.purchases, history, horizonWeeks))
  into[at + 2] = Math.log(silent / (7 * horizonWeeks))
  into[at + 3] = Math.log((customer.tenureDays + silentWeek) / (7 * horizonWeeks))
  into[at + 4] = Math.log1p(history.x)
  into[at + 5] = history.x === 0 ? 1 : 0
  into[at + 6] = mean > 0 && ground.meanCents > 0 ? clamp(Math.log(mean / ground.meanCents), -2, 2) : 0
  knots.forEach((knot, i) => (into[at + 7 + i] = Math.max(0, due - knot)))
}
const terms = 7 + knots.length

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

/** The formula as it is: for a shop that is too young to have learned anything. */
export const plainFormula: RegressionModel = { method: 'formula', coefficients: [0, 1], calibration: null }

/** Silence as a share of the 90th percentile of the own gaps: the bounds of the hiatus rule's classes. */
const silenceBounds = [0.25, 0.5, 0.75, 1, 1.5, 3]

function silenceOf(ground: ChurnGround, customer: Timing): number {
  const silence = customer.daysSinceLast / hiatusDaysOf(ground.gaps, customer)
  return silenceBounds.filter((bound) => silence >= bound).length
}

/** Chance of at least one order in the next weeks, 0.001 to 0.999. */
export function probabilityOfOrder(
  model: ChurnModel,
  ground: ChurnGround,
  customer: Timing,
  horizonWeeks: number,
): number {
  if (model.method === 'hiatus')
    return clamp(1 - (1 - model.weekly[silenceOf(ground, customer)]!) ** horizonWeeks, 0.001, 0.999)
  featuresOf(ground, customer, horizonWeeks, scratch, 0)
  let z = 0
  for (let j = 0; j < model.coefficients.length; j++) z += scratch[j]! * model.coefficients[j]!
  const p = sigmoid(z)
  return clamp(model.calibration ? calibrated(model.calibration, p) : p, 0.001, 0.999)
}
const scratch = new Float64Array(terms)

/** One look back: what was known `cut` days ago, and what happened in the `weeks` after it. */
interface Fold {
  rows: Float64Array
  active: Uint8Array
  weeks: number
  /** class of silence of each */
  silence: Uint8Array
  /** orders that came, and those the purchase model expected */
  came: number
  expected: number
  purchases: FitStart
}

export interface ChurnTraining {
  formula: RegressionModel
  supervised: RegressionModel
  hiatus: HiatusModel
  /** orders that came over those expected, pooled over the looks back and drawn to 1 */
  trend: number
  customers: number
  /** looks back: days before as-of, and the weeks that were watched */
  folds: { daysBack: number; weeks: number }[]
}

const folds = 4
/** Expected orders that speak for "no trend" before the shop's own are heard. */
const trendPrior = 50
const leastHistoryWeeks = 8

/**
 * Looks back four times: one horizon apart where the shop is old enough, else over shorter and shorter periods, at
 * most half of what is known, so that there is always more past than future.
 */
export function looksBack(horizonWeeks: number, historyWeeks: number): { daysBack: number; weeks: number }[] {
  if (historyWeeks < leastHistoryWeeks) return []
  const isOld = historyWeeks >= (folds + 1) * horizonWeeks
  const reach = Math.min(horizonWeeks, historyWeeks / 2)
  return Array.from({ length: folds }, (_, i) => {
    const weeks = isOld ? horizonWeeks : reach * (1 - 0.2 * i)
    const daysBack = Math.round(7 * (isOld ? (i + 1) * horizonWeeks : weeks))
    return { daysBack, weeks: isOld ? weeks : daysBack / 7 }
  })
}

/**
 * Learns from what is known at the end of `asOfDay`, and from nothing later. Null when the shop is too young.
 * @param start a purchase model of about that day: its fits take fewer steps from there
 */
export function trainChurn(
  ledger: Ledger,
  asOfDay: number,
  horizonWeeks: number,
  k: number,
  start?: FitStart,
): ChurnTraining | null {
  const span = spanOf(ledger)
  if (span === null) return null
  const looks = looksBack(horizonWeeks, (asOfDay - span.first) / 7)
  const usable: { look: (typeof looks)[number]; fold: Fold }[] = []
  // The shop of one look back is much like that of the next.
  let near = start
  for (const look of looks) {
    const fold = foldOf(ledger, asOfDay - look.daysBack, look.weeks, k, near)
    if (!fold) continue
    usable.push({ look, fold })
    near = fold.purchases
  }
  if (usable.length === 0) return null
  const all = usable.map(({ fold }) => fold)
  const watched = usable.every(({ look }) => look.weeks === horizonWeeks)
  const [latest, ...earlier] = all
  const learn = (method: RegressionModel['method'], width: number): RegressionModel => {
    const coefficients = coefficientsOf(all, width)
    // The calibration must not see the customers' outcomes twice: the last look back corrects a model of the others.
    const calibration =
      watched && earlier.length > 0 ? calibrationOn(latest!, coefficientsOf(earlier, width, coefficients), width) : null
    return { method, coefficients, calibration }
  }
  const sum = (of: (fold: Fold) => number): number => all.reduce((total, fold) => total + of(fold), 0)
  return {
    formula: learn('formula', formulaTerms),
    supervised: learn('supervised', terms),
    hiatus: hiatusOf(all),
    trend: clamp((sum((f) => f.came) + trendPrior) / (sum((f) => f.expected) + trendPrior), 0.5, 2),
    customers: sum((f) => f.active.length),
    folds: usable.map(({ look }) => look),
  }
}

/** The ground at the end of a day: purchase model and gaps of that time. */
export function groundAt(
  ledger: Ledger,
  day: number,
  k: number,
  start?: FitStart,
): { ground: ChurnGround & { purchases: FitStart }; customers: { place: number; timing: Timing }[] } | null {
  const customers: { place: number; timing: Timing }[] = []
  let cents = 0
  let transactions = 0
  for (let place = 0; place + 1 < ledger.from.length; place++) {
    const timing = snapshotAt(ledger, place, day)
    if (!timing) continue
    customers.push({ place, timing })
    cents += Math.max(0, timing.totalCents)
    transactions += timing.transactions
  }
  if (customers.length === 0) return null
  const histories = collapse(customers.map(({ timing }) => historyOf(timing)))
  const purchases = fitPurchaseModel('mbg', histories, k, { prior: shopPrior, ...(start ? { start } : {}) })
  const gaps = fitGaps(sumGaps(customers.map(({ timing }) => timing)))
  return { ground: { purchases, gaps, meanCents: cents / transactions }, customers }
}

function foldOf(ledger: Ledger, cutDay: number, weeks: number, k: number, start?: FitStart): Fold | null {
  const at = groundAt(ledger, cutDay, k, start)
  if (!at) return null
  const { ground, customers } = at
  const rows = new Float64Array(customers.length * terms)
  const active = new Uint8Array(customers.length)
  const silence = new Uint8Array(customers.length)
  const untilDay = cutDay + Math.round(7 * weeks)
  let came = 0
  let expected = 0
  customers.forEach(({ place, timing }, i) => {
    const orders = transactionsBetween(ledger, place, cutDay, untilDay)
    featuresOf(ground, timing, weeks, rows, i * terms)
    active[i] = orders > 0 ? 1 : 0
    silence[i] = silenceOf(ground, timing)
    came += orders
    expected += expectedOrders(ground.purchases, historyOf(timing), weeks)
  })
  return { rows, active, weeks, silence, came, expected, purchases: ground.purchases }
}

/** The share that came back in each class of silence, as a chance per week; a class nobody was in takes that of all. */
function hiatusOf(all: readonly Fold[]): HiatusModel {
  const classes = silenceBounds.length + 1
  const quiet = new Float64Array(classes)
  const weight = new Float64Array(classes)
  let allQuiet = 0
  let allWeight = 0
  for (const fold of all) {
    const count = new Float64Array(classes)
    const back = new Float64Array(classes)
    fold.active.forEach((active, i) => {
      count[fold.silence[i]!]! += 1
      back[fold.silence[i]!]! += active
    })
    for (let c = 0; c < classes; c++) {
      // one customer who came and one who did not, so that nothing is certain
      const perWeek = Math.log(1 - (back[c]! + 1) / (count[c]! + 2)) / fold.weeks
      quiet[c]! += count[c]! * perWeek
      weight[c]! += count[c]!
      allQuiet += count[c]! * perWeek
      allWeight += count[c]!
    }
  }
  return {
    method: 'hiatus',
    weekly: Array.from(quiet, (sum, c) => -Math.expm1(weight[c]! > 0 ? sum / weight[c]! : allQuiet / allWeight)),
  }
}

/** Regression over several looks back, on the first `width` features, drawn to the formula as it is. */
function coefficientsOf(all: readonly Fold[], width: number, start?: readonly number[]): number[] {
  const n = all.reduce((sum, fold) => sum + fold.active.length, 0)
  const rows = new Float64Array(n * width)
  const active = new Uint8Array(n)
  let at = 0
  for (const fold of all) {
    active.set(fold.active, at)
    for (let i = 0; i < fold.active.length; i++, at++)
      rows.set(fold.rows.subarray(i * terms, i * terms + width), at * width)
  }
  const prior = Array.from({ length: width }, (_, j) => (j === 1 ? 1 : 0))
  return fitLogistic(rows, active, prior, ridge, start).coefficients
}

function calibrationOn(fold: Fold, coefficients: readonly number[], width: number): Calibration | null {
  const chances = Float64Array.from(fold.active, (_, i) => {
    let z = 0
    for (let j = 0; j < width; j++) z += fold.rows[i * terms + j]! * coefficients[j]!
    return sigmoid(z)
  })
  return calibrate(chances, fold.active)
}
