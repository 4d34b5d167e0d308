/** A provider as the choice sees it. */
export interface Candidate {
  key: string
  /** share of the messages; 0: stand-in */
  weight: number
  /** its circuit is open, or it asked for a pause */
  isAway: boolean
  /** its rate or its slots are used up for the moment */
  isBusy: boolean
  /** it has already put this message off */
  isTried: boolean
  /** running sum of smooth weighted round robin; changed by the choice */
  credit: number
}

/**
 * Which provider takes the next message: by weight among those that are there and have not put it off; a stand-in only
 * when none of them is; one that did put it off only when nobody else is left. Null: wait, whoever would be right is busy
 * or all are away. Smooth weighted round robin, so weights 5:1:1 do not send five in a row.
 */
export function choose<C extends Candidate>(candidates: readonly C[]): C | null {
  const there = candidates.filter((c) => !c.isAway)
  const tiers = [
    there.filter((c) => !c.isTried && c.weight > 0),
    there.filter((c) => !c.isTried && c.weight === 0),
    there.filter((c) => c.isTried),
  ]
  const tier = tiers.find((t) => t.length > 0)
  const free = tier?.filter((c) => !c.isBusy) ?? []
  if (free.length === 0) return null
  let best: C | null = null
  let total = 0
  for (const c of free) {
    const weight = Math.max(1, c.weight)
    c.credit += weight
    total += weight
    if (!best || c.credit > best.credit) best = c
  }
  best!.credit -= total
  return best
}
