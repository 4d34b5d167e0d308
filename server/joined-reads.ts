/** Runs reads a few at a time. Whoever asks for the same while it still waits is given the same answer. */
export interface JoinedReads<T> {
  /** @param key names everything the answer depends on, the rights of the asker included */
  read(key: string, run: () => Promise<T>): Promise<T>
}

const shared = new WeakSet<object>()

/** Whether several askers were given this very object; nobody may change it. */
export const isShared = (answer: object): boolean => shared.has(answer)

/**
 * Under a crowd most questions wait for the database anyway, and many of them are the same. Only what has not begun yet is
 * shared, so no answer is older than its question: who has just written reads what was written. The same question runs
 * once at a time: the second of two would only slow down the first.
 * @param width how many run at the same time; a fraction of the connections, so that one list cannot take them all
 */
export function createJoinedReads<T>(width: number): JoinedReads<T> {
  const running = new Set<string>()
  const waiting = new Map<string, { answer: Promise<T>; begin: () => void }>()
  const mayBegin = (key: string): boolean => running.size < width && !running.has(key)
  const ended = (key: string): void => {
    running.delete(key)
    for (const [next, { begin }] of waiting) {
      if (running.size >= width) return
      if (!mayBegin(next)) continue
      waiting.delete(next)
      running.add(next)
      begin()
    }
  }
  return {
    async read(key, run) {
      const same = waiting.get(key)
      if (same) {
        const answer = await same.answer
        if (typeof answer === 'object' && answer !== null) shared.add(answer)
        return answer
      }
      if (mayBegin(key)) {
        running.add(key)
        return (async () => run())().finally(() => ended(key))
      }
      const turn = Promise.withResolvers<void>()
      const answer = turn.promise.then(run).finally(() => ended(key))
      waiting.set(key, { answer, begin: turn.resolve })
      return answer
    },
  }
}
