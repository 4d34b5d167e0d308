import type { Ctx } from '../context.ts'

interface Kept {
  answer: Promise<unknown>
  /** performance.now() until which it may be given out again; Infinity while it is computed */
  until: number
}
const kept = new WeakMap<Ctx, Map<string, Kept>>()

/** Cheaper than this is always computed afresh. */
const cheapMs = 50
const longestMs = 60_000

/**
 * Shares one computation between all who ask for it at once, and gives an expensive answer out again for twenty times
 * as long as it took: a small shop sees live figures, a shop with millions of orders pays at most 5 % of its time.
 */
export function remember<T>(ctx: Ctx, key: string, compute: () => Promise<T>): Promise<T> {
  const answers = kept.get(ctx) ?? new Map<string, Kept>()
  kept.set(ctx, answers)
  const known = answers.get(key)
  if (known && performance.now() < known.until) return known.answer as Promise<T>
  const start = performance.now()
  const answer = compute()
  const entry: Kept = { answer, until: Infinity }
  answers.set(key, entry)
  answer.then(
    () => {
      const cost = performance.now() - start
      entry.until = cost < cheapMs ? 0 : performance.now() + Math.min(longestMs, 20 * cost)
      if (entry.until === 0 && answers.get(key) === entry) answers.delete(key)
      if (answers.size > 500) answers.clear()
    },
    () => answers.delete(key),
  )
  return answer
}
