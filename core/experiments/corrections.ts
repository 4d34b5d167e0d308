/**
 * Holm's step-down correction: several arms against one control, the chance of any false alarm stays at alpha. Returns
 * adjusted p values in the given order; never above 1, never out of order.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, i) => ({ p, i })).toSorted((a, b) => a.p - b.p)
  const out = new Array<number>(pValues.length)
  let most = 0
  order.forEach(({ p, i }, rank) => {
    most = Math.max(most, Math.min(1, p * (pValues.length - rank)))
    out[i] = most
  })
  return out
}

/** Alpha of each of `comparisons` intervals so that all of them hold together (Bonferroni). */
export function sharedAlpha(alpha: number, comparisons: number): number {
  return alpha / Math.max(1, comparisons)
}
