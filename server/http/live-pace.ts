/** One message of a campaign's progress may take the place of an earlier one: only the newest count matters. */
export interface Pace {
  /** now, or with the next turn of its topic */
  tell(topic: string, payload: Record<string, unknown>): void
  stop(): void
}

/** Milliseconds that each watcher adds to the shortest time between two counts, and the most of it. */
const perWatcherMs = 0.4
const mostMs = 400
/** Below it nothing is held back: a person sees no difference, and a hundred watchers cost nothing. */
const leastMs = 50

interface Turn {
  sentAt: number
  waiting: Record<string, unknown> | null
  timer: NodeJS.Timeout | undefined
}

/**
 * With a thousand watchers every count is a thousand writes, taken from the processor that sends: counts then go out two
 * or three times a second, always the newest. Whatever is no count (started, paused, done) goes at once, behind the count
 * that waited.
 */
export function createPace(
  watchers: () => number,
  send: (topic: string, payload: Record<string, unknown>) => void,
  now: () => number = Date.now,
): Pace {
  const turns = new Map<string, Turn>()
  const flush = (topic: string, turn: Turn): void => {
    clearTimeout(turn.timer)
    const { waiting } = turn
    turn.timer = undefined
    turn.waiting = null
    if (!waiting) return
    turn.sentAt = now()
    send(topic, waiting)
  }
  return {
    tell(topic, payload) {
      let turn = turns.get(topic)
      if (!turn) {
        if (turns.size > 500) turns.clear()
        turns.set(topic, (turn = { sentAt: 0, waiting: null, timer: undefined }))
      }
      const own = turn
      const apartMs = Math.min(mostMs, watchers() * perWatcherMs)
      if (!('counts' in payload)) {
        flush(topic, own)
        return send(topic, payload)
      }
      own.waiting = payload
      const left = apartMs < leastMs ? 0 : own.sentAt + apartMs - now()
      if (left <= 0) flush(topic, own)
      else own.timer ??= setTimeout(() => flush(topic, own), left)
    },
    stop() {
      for (const turn of turns.values()) clearTimeout(turn.timer)
      turns.clear()
    },
  }
}
