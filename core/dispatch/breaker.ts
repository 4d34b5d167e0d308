/** Stops knocking at a provider that is away: after `threshold` failures in a row only one probe at a time passes. */
export interface Breaker {
  failures: number
  openUntilMs: number
}

export const closedBreaker: Breaker = { failures: 0, openUntilMs: 0 }
export const breakerThreshold = 3
const firstPauseMs = 250
const longestPauseMs = 15_000

/** The state after a result. `chance` 0..1 spreads the probes of several workers. */
export function afterResult(breaker: Breaker, isReachable: boolean, nowMs: number, chance: number): Breaker {
  if (isReachable) return closedBreaker
  // What was in flight when it opened says nothing new.
  if (nowMs < breaker.openUntilMs) return breaker
  const failures = breaker.failures + 1
  if (failures < breakerThreshold) return { failures, openUntilMs: 0 }
  const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, failures - breakerThreshold))
  return { failures, openUntilMs: nowMs + pause * (0.5 + chance / 2) }
}

/** A token bucket: `perMinute` messages a minute, a tenth of a second's worth (at least one) at once. */
export interface Bucket {
  tokens: number
  atMs: number
}

/** Takes one token; `waitMs` says how long to wait when there is none. */
export function takeToken(bucket: Bucket, perMinute: number, nowMs: number): { bucket: Bucket; waitMs: number } {
  const perMs = perMinute / 60_000
  const most = Math.max(1, perMs * 100)
  const tokens = Math.min(most, bucket.tokens + Math.max(0, nowMs - bucket.atMs) * perMs)
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, atMs: nowMs }, waitMs: 0 }
  return { bucket: { tokens, atMs: nowMs }, waitMs: Math.ceil((1 - tokens) / perMs) }
}
