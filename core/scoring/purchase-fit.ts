import { minimize, type Minimum } from './minimize.ts'
import { startOf, type History, type PurchaseModel } from './purchase-model.ts'
import { digamma, lgamma, logBeta } from './special-functions.ts'

/**
 * Histories of many customers, equal ones once: columns of places in two lists of distinct values, because histories
 * are made of days and a logarithm per day is cheaper than one per customer.
 */
export interface Histories {
  /** distinct numbers of repeat purchases, and distinct weeks */
  xs: readonly number[]
  weeks: readonly number[]
  /** one element per different history: places in xs and weeks */
  x: Int32Array
  tx: Int32Array
  T: Int32Array
  /** customers who share it */
  count: Float64Array
  customers: number
  /** sum of the logarithms of all gaps between purchases, in weeks: only likelihoods of different k need it */
  gapLogSum: number
}

/** Normal prior on the logarithms of r, alpha, a, b: keeps small shops inside the plausible range. */
export interface LogPrior {
  mean: readonly number[]
  sd: readonly number[]
}

/** Centre: liquor and grocery shops; wide enough that a few hundred customers overrule it. */
export const shopPrior: LogPrior = {
  mean: [Math.log(0.8), Math.log(6), Math.log(0.8), Math.log(3)],
  sd: [1, 1.2, 1, 1.2],
}

export interface PurchaseFit extends PurchaseModel {
  logLikelihood: number
  customers: number
  iterations: number
  converged: boolean
  inverse: number[][]
}

/**
 * Same histories once, with their number. Works on any order of input; drops histories that cannot be. Equal ones are
 * found by sorting keys of 52 bits: a million histories in a fifth of a second, and without an entry of a map for each.
 */
export function collapse(rows: Iterable<History>, gapLogSum = 0): Histories {
  const xs = dictionary()
  const weeks = dictionary()
  let keys = new Float64Array(1024)
  let length = 0
  const alone: [number, number, number][] = []
  let customers = 0
  for (const row of rows) {
    if (!(row.x >= 0 && row.tx >= 0 && row.tx <= row.T && Number.isFinite(row.T))) continue
    customers += 1
    const [x, tx, T] = [xs.place(row.x), weeks.place(row.tx), weeks.place(row.T)]
    // 12 + 20 + 20 bits; a history beyond (more than a million different weeks) stands alone.
    if (x >= 4096 || tx >= twenty || T >= twenty) {
      alone.push([x, tx, T])
      continue
    }
    if (length === keys.length) {
      const wider = new Float64Array(2 * length)
      wider.set(keys)
      keys = wider
    }
    keys[length++] = (x * twenty + tx) * twenty + T
  }
  const sorted = keys.subarray(0, length).sort()
  let different = alone.length
  for (let i = 0; i < length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) different += 1
  const columns = { x: new Int32Array(different), tx: new Int32Array(different), T: new Int32Array(different) }
  const count = new Float64Array(different)
  let at = -1
  const put = (x: number, tx: number, T: number): void => {
    at += 1
    columns.x[at] = x
    columns.tx[at] = tx
    columns.T[at] = T
    count[at] = 1
  }
  for (let i = 0; i < length; i++) {
    const key = sorted[i]!
    if (i > 0 && key === sorted[i - 1]) count[at]! += 1
    else {
      const both = Math.floor(key / twenty)
      put(Math.floor(both / twenty), both % twenty, key % twenty)
    }
  }
  for (const history of alone) put(...history)
  return { xs: xs.values, weeks: weeks.values, ...columns, count, customers, gapLogSum }
}
const twenty = 2 ** 20

function dictionary(): { values: number[]; place(value: number): number } {
  const values: number[] = []
  const places = new Map<number, number>()
  return {
    values,
    place(value) {
      let at = places.get(value)
      if (at === undefined) {
        at = values.length
        places.set(value, at)
        values.push(value)
      }
      return at
    },
  }
}

/** From here the last digits of an optimum are far below what chance does to it. */
const manyCustomers = 5000

export interface FitOptions {
  /** posterior mode with this prior instead of maximum likelihood */
  prior?: LogPrior
  start?: FitStart
}

/** A model near the answer saves steps, and what its fit learned of the curvature saves more. */
export type FitStart = Pick<PurchaseModel, 'r' | 'alpha' | 'a' | 'b'> & { inverse?: number[][] }

/** Maximum likelihood (or posterior mode, with a prior) by BFGS on the logarithms of the four parameters. */
export function fitPurchaseModel(
  variant: PurchaseModel['variant'],
  histories: Histories,
  k = 1,
  { prior, start }: FitOptions = {},
): PurchaseFit {
  const scale = 1 / Math.max(1, histories.customers)
  const likelihood = createLikelihood(variant, k, histories)
  // Hidden events are k times as frequent as purchases.
  const centre = (prior ?? shopPrior).mean.map((m, i) => (i === 1 ? m - Math.log(k) : m))
  const found: Minimum = minimize(
    (log, gradient) => {
      const theta = log.map(Math.exp)
      let value = -likelihood(theta, gradient) * scale
      for (let i = 0; i < 4; i++) {
        gradient[i] = -gradient[i]! * theta[i]! * scale
        if (!prior) continue
        const z = (log[i]! - centre[i]!) / prior.sd[i]!
        value += 0.5 * z * z * scale
        gradient[i]! += (z / prior.sd[i]!) * scale
      }
      return value
    },
    start ? [start.r, start.alpha, start.a, start.b].map(Math.log) : centre,
    {
      ...(start?.inverse ? { inverse: start.inverse } : {}),
      ...(histories.customers > manyCustomers ? { tolerance: 1e-7 } : {}),
    },
  )
  const [r, alpha, a, b] = found.x.map(Math.exp) as [number, number, number, number]
  const logLikelihood = likelihood([r, alpha, a, b], [0, 0, 0, 0])
  const { iterations, converged, inverse } = found
  return { variant, k, r, alpha, a, b, logLikelihood, customers: histories.customers, iterations, converged, inverse }
}

const mostRegular = 8

/**
 * How regularly people buy: the k with the highest likelihood, tried upwards until it falls. `all` holds every k tried.
 */
export function fitRegularity(
  histories: Histories,
  options: FitOptions = {},
): { best: PurchaseFit; all: PurchaseFit[] } {
  const all: PurchaseFit[] = [fitPurchaseModel('mbg', histories, 1, options)]
  for (let k = 2; k <= mostRegular; k++) {
    const before = all.at(-1)!
    const start = { ...before, alpha: (before.alpha * (k - 1)) / k }
    const fit = fitPurchaseModel('mbg', histories, k, { ...options, start })
    all.push(fit)
    if (!(fit.logLikelihood > before.logLikelihood)) return { best: before, all }
  }
  return { best: all.at(-1)!, all }
}

/** Log-likelihood of these histories under the model. */
export function purchaseLogLikelihood(model: PurchaseModel, histories: Histories): number {
  return createLikelihood(model.variant, model.k, histories)([model.r, model.alpha, model.a, model.b], [0, 0, 0, 0])
}

/**
 * Sums log-likelihood and gradient in r, alpha, a, b. Gamma functions depend on x only and logarithms on days only, so
 * they are computed once per different value.
 */
function createLikelihood(
  variant: PurchaseModel['variant'],
  k: number,
  h: Histories,
): (theta: readonly number[], gradient: number[]) => number {
  const s = startOf({ variant })
  const rows = h.x.length
  let purchases = 0
  for (let i = 0; i < rows; i++) purchases += h.count[i]! * h.xs[h.x[i]!]!
  const gaps = (k - 1) * h.gapLogSum - purchases * lgamma(k)
  const logOf = new Float64Array(h.weeks.length)
  const value = new Float64Array(h.xs.length)
  const gR = new Float64Array(h.xs.length)
  const gA = new Float64Array(h.xs.length)
  const gB = new Float64Array(h.xs.length)
  const logLeave = new Float64Array(h.xs.length)
  return (theta, gradient) => {
    const [r, alpha, a, b] = theta as [number, number, number, number]
    const constant = r * Math.log(alpha) - lgamma(r) - logBeta(a, b)
    const psiR = digamma(r) - Math.log(alpha)
    const psiB = digamma(b)
    const psiAB = digamma(a + b)
    h.weeks.forEach((week, i) => (logOf[i] = Math.log(alpha + week)))
    h.xs.forEach((x, i) => {
      const m = r + k * x
      value[i] = constant + lgamma(m) + logBeta(a, b + x + s)
      gR[i] = digamma(m) - psiR
      const psi = digamma(a + b + x + s)
      gA[i] = psiAB - psi
      gB[i] = digamma(b + x + s) - psi - psiB + psiAB
      logLeave[i] = x + s > 0 ? Math.log(a / (b + x + s - 1)) : -Infinity
    })
    let total = gaps
    let dR = 0
    let dAlpha = 0
    let dA = 0
    let dB = 0
    for (let i = 0; i < rows; i++) {
      const xi = h.x[i]!
      const x = h.xs[xi]!
      const m = r + k * x
      const logT = logOf[h.T[i]!]!
      const ratio = logT - logOf[h.tx[i]!]!
      const invT = 1 / (alpha + h.weeks[h.T[i]!]!)
      const invTx = 1 / (alpha + h.weeks[h.tx[i]!]!)
      // Still there: 1 for k = 1, else the sum over hidden events since the last purchase, with its derivatives.
      let logStay = 0
      let stayM = 0
      let stayZ = 0
      if (k > 1) {
        const z = (h.weeks[h.T[i]!]! - h.weeks[h.tx[i]!]!) * invT
        let term = 1
        let stay = 1
        let harmonic = 0
        for (let j = 1; j < k; j++) {
          harmonic += 1 / (m + j - 1)
          stayZ += term * (m + j - 1) // d/dz z^j/j! = z^(j-1)/(j-1)!
          term *= ((m + j - 1) * z) / j
          stay += term
          stayM += term * harmonic
        }
        logStay = Math.log(stay)
        stayM /= stay
        stayZ = (-stayZ / stay) * z * invT
      }
      // u: odds that the customer has left; 0 where the model lets nobody leave yet.
      const logU = logLeave[xi]! + m * ratio - logStay
      const odds = Math.exp(-Math.abs(logU))
      const w = logU > 0 ? 1 / (1 + odds) : odds / (1 + odds)
      const n = h.count[i]!
      total += n * (value[xi]! - m * logT + logStay + (logU > 0 ? logU : 0) + Math.log1p(odds))
      dR += n * (gR[xi]! - logT + w * ratio + (1 - w) * stayM)
      dAlpha += n * (r / alpha - m * invT + w * m * (invT - invTx) + (1 - w) * stayZ)
      dA += n * (gA[xi]! + w / a)
      dB += n * (gB[xi]! - (w > 0 ? w / (b + x + s - 1) : 0))
    }
    gradient[0] = dR
    gradient[1] = dAlpha
    gradient[2] = dA
    gradient[3] = dB
    return total
  }
}
