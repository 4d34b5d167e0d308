export interface Window {
  count: number
  /** until the count begins anew */
  seconds: number
}

/** Counts by key in fixed windows of time, in this process; keys that are not seen any more are forgotten. */
export function createWindows(windowMs: number): {
  add(key: string, now: number): Window
  of(key: string, now: number): Window
} {
  const used = new Map<string, { since: number; count: number }>()
  const current = (key: string, now: number): { since: number; count: number } => {
    const known = used.get(key)
    return known && now >= known.since && now - known.since < windowMs ? known : { since: now, count: 0 }
  }
  const shown = ({ since, count }: { since: number; count: number }, now: number): Window => ({
    count,
    seconds: Math.ceil((since + windowMs - now) / 1000),
  })
  return {
    add(key, now) {
      const window = current(key, now)
      window.count++
      if (!used.has(key) && used.size >= 10_000) used.clear()
      used.set(key, window)
      return shown(window, now)
    },
    of: (key, now) => shown(current(key, now), now),
  }
}
