/** How good predictions were. All take parallel lists; `positive` says what came true. */

/** Area under the ROC curve with mid-ranks for ties; NaN when everything or nothing came true. */
export function auc(scores: ArrayLike<number>, positive: ArrayLike<boolean | number>): number {
  const n = scores.length
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((i, j) => scores[i]! - scores[j]!)
  let rankSum = 0
  let positives = 0
  for (let i = 0; i < n;) {
    let j = i
    let here = 0
    while (j < n && scores[order[j]!] === scores[order[i]!]) if (positive[order[j++]!]) here++
    rankSum += (here * (i + j + 1)) / 2
    positives += here
    i = j
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (n - positives))
}

/** Standard error of an AUC by chance of who happened to be there (Hanley & McNeil 1982). */
export function aucError(area: number, positives: number, negatives: number): number {
  const q1 = area / (2 - area)
  const q2 = (2 * area ** 2) / (1 + area)
  const rest = (positives - 1) * (q1 - area ** 2) + (negatives - 1) * (q2 - area ** 2)
  return Math.sqrt((area * (1 - area) + rest) / (positives * negatives))
}

export function brier(chances: ArrayLike<number>, positive: ArrayLike<boolean | number>): number {
  return mean(chances.length, (i) => (chances[i]! - Number(positive[i])) ** 2)
}

/** Mean log-loss; chances are kept 1e-6 away from certainty. */
export function logLoss(chances: ArrayLike<number>, positive: ArrayLike<boolean | number>): number {
  return mean(chances.length, (i) => {
    const p = Math.min(1 - 1e-6, Math.max(1e-6, chances[i]!))
    return -Math.log(positive[i] ? p : 1 - p)
  })
}

/** Share of right answers when a chance of one half or more counts as yes. */
export function accuracy(chances: ArrayLike<number>, positive: ArrayLike<boolean | number>): number {
  return mean(chances.length, (i) => Number(chances[i]! >= 0.5 === Boolean(positive[i])))
}

export function meanAbsoluteError(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  return mean(predicted.length, (i) => Math.abs(predicted[i]! - actual[i]!))
}

export function rootMeanSquareError(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  return Math.sqrt(mean(predicted.length, (i) => (predicted[i]! - actual[i]!) ** 2))
}

/** Pearson's correlation. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length
  const ma = mean(n, (i) => a[i]!)
  const mb = mean(n, (i) => b[i]!)
  const both = mean(n, (i) => (a[i]! - ma) * (b[i]! - mb))
  return both / Math.sqrt(mean(n, (i) => (a[i]! - ma) ** 2) * mean(n, (i) => (b[i]! - mb) ** 2))
}

/** Share of the actual total held by the tenth of the customers with the highest prediction; ties stay in their order. */
export function topDecileShare(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  const n = predicted.length
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => predicted[j]! - predicted[i]! || i - j)
  const best = order.slice(0, Math.ceil(n / 10)).reduce((sum, i) => sum + actual[i]!, 0)
  return best / (n * mean(n, (i) => actual[i]!))
}

export interface CalibrationBin {
  customers: number
  /** mean predicted chance, and the share that came true */
  predicted: number
  actual: number
}

/** Ten groups of equal size by predicted chance: in a well calibrated model predicted and actual agree in each. */
export function calibrationBins(
  chances: ArrayLike<number>,
  positive: ArrayLike<boolean | number>,
  bins = 10,
): CalibrationBin[] {
  const n = chances.length
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((i, j) => chances[i]! - chances[j]! || i - j)
  const result: CalibrationBin[] = []
  for (let bin = 0; bin < bins; bin++) {
    const from = Math.floor((bin * n) / bins)
    const to = Math.floor(((bin + 1) * n) / bins)
    if (to === from) continue
    const at = (of: (i: number) => number): number => mean(to - from, (i) => of(order[from + i]!))
    result.push({ customers: to - from, predicted: at((i) => chances[i]!), actual: at((i) => Number(positive[i])) })
  }
  return result
}

function mean(n: number, of: (i: number) => number): number {
  let sum = 0
  for (let i = 0; i < n; i++) sum += of(i)
  return sum / n
}
