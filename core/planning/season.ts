import type { Season } from './evidence.ts'

/** Periods of four weeks in a year. */
const year = 13
/** Held-out orders for which "as usual" counts, in one period and in the change from year to year. */
const strength = 30
const trendStrength = 200
/** What is left of a season four weeks later, where last year does not tell: months beside each other are alike, not the same. */
const memory = 0.75
/** Periods behind the planned one that tell how this year differs from the last. */
const recent = 4

const indexOf = ({ seen, usual }: Season): number => (seen + strength) / (usual + strength)

/**
 * What people will buy in a period over what they usually buy: as at the same time of last year, corrected by how the last
 * weeks differ from last year's. A shop in its first year takes the last period it knows, part of the way back to usual for
 * each period in between. Without that December's orders would be expected in January.
 */
export function seasonOf(seasons: readonly Season[], period: number): number {
  const at = new Map(seasons.map((s) => [s.period, s]))
  // Its own weeks, when they are measured already, are the best that is known of it.
  const newest = seasons.findLast((s) => s.period <= period)
  if (!newest) return 1
  const before = at.get(period - year)
  if (!before) return indexOf(newest) ** (memory ** Math.max(0, period - newest.period))
  let seen = 0
  let expected = 0
  for (let p = newest.period; p > newest.period - recent; p--) {
    const now = at.get(p)
    const then = at.get(p - year)
    if (!now || !then) continue
    seen += now.seen
    expected += now.usual * indexOf(then)
  }
  return indexOf(before) * ((seen + trendStrength) / (expected + trendStrength))
}
