import {
  afterResult,
  breakerThreshold,
  closedBreaker,
  takeToken,
  type Breaker,
  type Bucket,
} from '#core/dispatch/breaker.ts'
import { choose, type Candidate } from '#core/dispatch/choose.ts'
import { freePace, slowDown, speedUp, type Pace } from '#core/dispatch/pace.ts'
import type { Channel, Outcome, Route } from '../ports/channel.ts'
import type { Naps } from './naps.ts'

/** The right to hand one message to one provider; given back or closed by an outcome. */
export interface Ticket {
  channel: Channel
  /** the message did not start after all */
  giveBack(): void
  /** what became of it; true when another provider should take it at once */
  close(outcome: Outcome): { hasOther: boolean; wentAway: boolean }
}

/**
 * Decides which provider of a channel takes the next message, in one worker. Each has a token bucket whose rate halves on
 * "too many requests" and grows back, a circuit breaker, and a bulkhead: one that hangs cannot take all slots.
 */
export interface Router {
  use(routes: readonly Route[], slots: number): void
  /** rate of the whole channel */
  setRate(perMinute: number | null): void
  /** nobody is there, and it is too early to knock again */
  isClosed(): boolean
  /** a ticket if one is to be had now */
  tryTake(sendId: string): Ticket | null
  /** waits for one; null when the worker is stopping */
  take(sendId: string, signal: AbortSignal): Promise<Ticket | null>
}

interface State extends Candidate {
  route: Route
  breaker: Breaker
  bucket: Bucket
  pace: Pace
  inFlight: number
  most: number
  isProbing: boolean
  /** starts since, for the rate that was going when the provider complained */
  counted: number
  countedSince: number
}

const countMs = 5_000
const mostRemembered = 20_000

export function createRouter(sleep: Naps['sleep']): Router {
  const states = new Map<string, State>()
  /** in use now, in the order of the settings */
  let used: State[] = []
  let perMinute: number | null = null
  let bucket: Bucket = { tokens: 1, atMs: 0 }
  /** send -> providers that put it off; a hint only, the attempts are in the ledger */
  const tried = new Map<string, Set<string>>()

  const isOpen = (s: State): boolean => s.breaker.failures >= breakerThreshold
  const isAway = (s: State, now: number): boolean =>
    s.pace.pausedUntilMs > now || (isOpen(s) && (s.isProbing || s.breaker.openUntilMs > now))
  const rateOf = (s: State): number | null => {
    const { ratePerMinute } = s.route
    return s.pace.perMinute === null ? ratePerMinute : Math.min(s.pace.perMinute, ratePerMinute ?? Infinity)
  }

  function look(s: State, now: number, sendId: string): void {
    const rate = rateOf(s)
    s.isAway = isAway(s, now)
    s.isBusy = s.inFlight >= s.most || (rate !== null && takeToken(s.bucket, rate, now).waitMs > 0)
    s.isTried = tried.get(sendId)?.has(s.key) ?? false
  }

  function tryTake(sendId: string): Ticket | null {
    const now = Date.now()
    const channelToken = perMinute === null ? null : takeToken(bucket, perMinute, now)
    if (channelToken && channelToken.waitMs > 0) return null
    for (const s of used) look(s, now, sendId)
    const chosen = choose(used)
    if (!chosen) return null
    if (channelToken) bucket = channelToken.bucket
    const rate = rateOf(chosen)
    if (rate !== null) chosen.bucket = takeToken(chosen.bucket, rate, now).bucket
    return ticket(chosen, sendId, now)
  }

  function ticket(s: State, sendId: string, startedAtMs: number): Ticket {
    const isProbe = isOpen(s)
    if (isProbe) s.isProbing = true
    s.inFlight += 1
    if (startedAtMs - s.countedSince > countMs) {
      s.countedSince = startedAtMs
      s.counted = 0
    }
    s.counted += 1
    let isOver = false
    const leave = (): void => {
      if (isOver) return
      isOver = true
      s.inFlight -= 1
      if (isProbe) s.isProbing = false
    }
    return {
      channel: s.route.channel,
      giveBack: leave,
      close(outcome) {
        leave()
        const now = Date.now()
        const wasOpen = isOpen(s)
        // Silence after the body counts as away, too: each further message would be one more whose fate nobody knows.
        const isThere = !(outcome.kind === 'unknown' || (outcome.kind === 'deferred' && outcome.unreachable))
        s.breaker = afterResult(s.breaker, isThere, now, Math.random())
        if (outcome.kind === 'deferred' && outcome.throttled) {
          const goingPerMinute = (s.counted * 60_000) / Math.max(1_000, now - s.countedSince)
          s.pace = slowDown(
            s.pace,
            { startedAtMs, nowMs: now, retryAfterMs: outcome.retryAfterMs ?? null, goingPerMinute },
            s.route.ratePerMinute,
          )
        } else if (outcome.kind === 'accepted') s.pace = speedUp(s.pace, now, s.route.ratePerMinute)
        return { hasOther: outcome.kind === 'deferred' && putOff(s, sendId, now), wentAway: !wasOpen && isOpen(s) }
      },
    }
  }

  /** Remembers who put the message off; true while somebody else is there to try. */
  function putOff(s: State, sendId: string, now: number): boolean {
    const others = used.filter((o) => o.key !== s.key)
    if (others.length === 0) return false
    let by = tried.get(sendId)
    if (!by) tried.set(sendId, (by = new Set()))
    by.add(s.key)
    if (others.some((o) => !by.has(o.key) && !isAway(o, now))) {
      if (tried.size > mostRemembered) tried.delete(tried.keys().next().value!)
      return true
    }
    // Everybody had a turn: from here it waits as with one provider.
    tried.delete(sendId)
    return false
  }

  function waitMs(now: number): number {
    let least = 500
    if (perMinute !== null) least = Math.min(least, takeToken(bucket, perMinute, now).waitMs || 20)
    for (const s of used) {
      const until = Math.max(s.pace.pausedUntilMs, isOpen(s) ? s.breaker.openUntilMs : 0)
      least = Math.min(least, until > now ? until - now : 20)
    }
    return Math.max(5, least)
  }

  return {
    use(routes, slots) {
      // One provider may use all slots; of several none more than three quarters.
      const most = routes.length > 1 ? Math.max(1, Math.floor(slots * 0.75)) : slots
      used = routes.map((route) => {
        const key = route.channel.name
        let s = states.get(key)
        if (!s) {
          s = {
            key,
            weight: route.weight,
            isAway: false,
            isBusy: false,
            isTried: false,
            credit: 0,
            route,
            breaker: closedBreaker,
            bucket: { tokens: 1, atMs: 0 },
            pace: freePace,
            inFlight: 0,
            most,
            isProbing: false,
            counted: 0,
            countedSince: 0,
          }
          states.set(key, s)
        }
        s.route = route
        s.weight = route.weight
        s.most = Math.min(slots, route.slots ?? most)
        return s
      })
    },
    setRate(rate) {
      perMinute = rate
    },
    isClosed() {
      const now = Date.now()
      return used.length > 0 && used.every((s) => s.pace.pausedUntilMs > now || s.breaker.openUntilMs > now)
    },
    tryTake,
    async take(sendId, signal) {
      while (!signal.aborted) {
        const got = tryTake(sendId)
        if (got) return got
        await sleep(waitMs(Date.now()))
      }
      return null
    },
  }
}
