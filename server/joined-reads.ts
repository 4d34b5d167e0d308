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
 * shared, so no answer is older than its question: who has just written reads what was written.
 * @param width how many run at the same time; a fraction of the connections, so that one list cannot take them all
 */
export function createJoinedReads<T>(width: number): JoinedReads<T> {
  let running = 0
  const waiting = new Map<string, { answer: Promise<T>; begin: () => void }>()
  const ended = (): void => {
    const first = waiting.entries().next()
    if (first.done) {
      running--
      return
    }
    const [key, { begin }] = first.value
    waiting.delete(key)
    begin()
  }
  return {
    async read(key, run) {
      if (running < width) {
        running++
        return (async () => run())().finally(ended)
      }
      const same = waiting.get(key)
      if (same) {
        const answer = await same.answer
        if (typeof answer === 'object' && answer !== null) shared.add(answer)
        return answer
      }
      const turn = Promise.withResolvers<void>()
      const answer = turn.promise.then(run).finally(ended)
      waiting.set(key, { answer, begin: turn.resolve })
      return answer
    },
  }
}
