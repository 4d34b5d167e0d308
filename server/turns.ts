import { AppError } from './http/errors.ts'

export interface Turns {
  /** Runs when it is its turn. Throws `busy` when too many wait, or the turn does not come in time. */
  take<T>(run: () => Promise<T>): Promise<T>
}

interface Waiting {
  begin(): void
  since: NodeJS.Timeout
}

/**
 * Questions that may read whole tables take turns in this process: a few run, some wait, and the rest of the shop keeps its
 * connections and its processor, however many are asked at once.
 * @param most who waits at most; the next one is told to come again
 * @param patienceMs how long anybody waits
 */
export function createTurns({ atOnce, most, patienceMs }: { atOnce: number; most: number; patienceMs: number }): Turns {
  let running = 0
  const waiting: Waiting[] = []
  const busy = (): AppError =>
    new AppError('busy', 'Too many large questions are being answered just now; ask again in a few seconds.')

  function turn(): Promise<void> {
    if (running < atOnce) {
      running++
      return Promise.resolve()
    }
    if (waiting.length >= most) return Promise.reject(busy())
    return new Promise((resolve, reject) => {
      const since = setTimeout(() => {
        waiting.splice(waiting.indexOf(mine), 1)
        reject(busy())
      }, patienceMs)
      const mine: Waiting = { begin: resolve, since }
      waiting.push(mine)
    })
  }

  return {
    async take(run) {
      await turn()
      try {
        return await run()
      } finally {
        const next = waiting.shift()
        if (next) {
          clearTimeout(next.since)
          next.begin()
        } else running--
      }
    },
  }
}
