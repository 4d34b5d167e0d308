import { afterResult, breakerThreshold, closedBreaker, takeToken } from '#core/dispatch/breaker.ts'

/** Waiting that can be cut short. */
export interface Naps {
  /** `forReady`: also woken when new messages are ready */
  sleep(ms: number, forReady?: boolean): Promise<void>
  wake(): void
  wakeReady(): void
}

export function createNaps(): Naps {
  const all = new Set<() => void>()
  const ready = new Set<() => void>()
  return {
    sleep: (ms, forReady = false) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          all.delete(done)
          ready.delete(done)
          resolve()
        }
        const timer = setTimeout(done, ms)
        all.add(done)
        if (forReady) ready.add(done)
      }),
    wake() {
      for (const done of all) done()
    },
    wakeReady() {
      for (const done of ready) done()
    },
  }
}

/** Rate and circuit breaker of one channel in one worker. */
export interface Throttle {
  setRate(perMinute: number | null): void
  /** nothing limits the next message */
  isFree(): boolean
  /** the provider is away and it is too early to knock again */
  isClosed(): boolean
  /** waits until one message may start; false when the worker is stopping */
  pass(signal: AbortSignal): Promise<boolean>
  /** the message that passed did not start after all */
  giveBack(): void
  /** tells whether the provider was there; true when it has just been found away */
  note(isReachable: boolean): boolean
}

export function createThrottle(sleep: Naps['sleep']): Throttle {
  let perMinute: number | null = null
  let breaker = closedBreaker
  let bucket = { tokens: 1, atMs: 0 }
  let isProbing = false
  const isOpen = (): boolean => breaker.failures >= breakerThreshold
  return {
    setRate(rate) {
      perMinute = rate
    },
    isFree: () => !isOpen() && perMinute === null,
    isClosed: () => breaker.openUntilMs > Date.now(),
    async pass(signal) {
      for (;;) {
        if (signal.aborted) return false
        const now = Date.now()
        if (isOpen() && (isProbing || breaker.openUntilMs > now)) {
          await sleep(Math.max(20, breaker.openUntilMs - now))
          continue
        }
        if (perMinute !== null) {
          const taken = takeToken(bucket, perMinute, now)
          bucket = taken.bucket
          if (taken.waitMs > 0) {
            await sleep(Math.min(taken.waitMs, 500))
            continue
          }
        }
        if (isOpen()) isProbing = true
        return true
      }
    },
    giveBack() {
      isProbing = false
    },
    note(isReachable) {
      const wasOpen = isOpen()
      breaker = afterResult(breaker, isReachable, Date.now(), Math.random())
      isProbing = false
      return !wasOpen && isOpen()
    },
  }
}
