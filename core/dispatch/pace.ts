/**
 * How fast one provider may be used: additive increase, multiplicative decrease. It is null until the provider says
 * "too fast" for the first time, and again once it has taken a multiple of that without complaint.
 */
export interface Pace {
  /** messages a minute now; null: nothing but the setting limits it */
  perMinute: number | null
  /** what it was cut to last: the measure of one step up */
  base: number
  /** nothing goes before this */
  pausedUntilMs: number
  cutAtMs: number
  raisedAtMs: number
}

export const freePace: Pace = { perMinute: null, base: 0, pausedUntilMs: 0, cutAtMs: 0, raisedAtMs: 0 }

const leastPerMinute = 6
const stepShare = 0.05
const stepEveryMs = 1_000
/** After this multiple of the cut rate without complaint the limit is forgotten. */
const forgetAt = 20
const defaultPauseMs = 1_000

/**
 * The pace after "too many requests": half of what was going, and a pause as long as the provider asked for. Answers to
 * messages that had started before the last cut say nothing new. `goingPerMinute`: what was measured.
 */
export function slowDown(
  pace: Pace,
  event: { startedAtMs: number; nowMs: number; retryAfterMs: number | null; goingPerMinute: number },
  ceiling: number | null,
): Pace {
  const pausedUntilMs = Math.max(pace.pausedUntilMs, event.nowMs + (event.retryAfterMs ?? defaultPauseMs))
  if (event.startedAtMs < pace.cutAtMs) return { ...pace, pausedUntilMs }
  const going = Math.min(pace.perMinute ?? Infinity, ceiling ?? Infinity, Math.max(event.goingPerMinute, 1))
  const perMinute = Math.max(leastPerMinute, Math.floor(going / 2))
  return { perMinute, base: perMinute, pausedUntilMs, cutAtMs: event.nowMs, raisedAtMs: event.nowMs }
}

/** The pace after an accepted message: one step up per second, until the ceiling or until the cut is forgotten. */
export function speedUp(pace: Pace, nowMs: number, ceiling: number | null): Pace {
  if (pace.perMinute === null || nowMs - pace.raisedAtMs < stepEveryMs) return pace
  const perMinute = pace.perMinute + Math.max(leastPerMinute, pace.base * stepShare)
  if (perMinute >= (ceiling ?? pace.base * forgetAt)) return { ...freePace, cutAtMs: pace.cutAtMs }
  return { ...pace, perMinute, raisedAtMs: nowMs }
}
