import type { Ctx } from '../context.ts'

interface Kept {
  answer: Promise<unknown>
  /** performance.now() until which it may be given out again; Infinity while it is computed */
  until: number
}
const kept = new WeakMap<Ctx, Map<string, Kept>>()

/** Cheaper than this is always computed afresh. */
const cheapMs = 50
const usuallyMs = 60_000

interface Keeping {
  graceMs?: number
  longestMs?: number
}

/**
 * Shares one computation between all who ask for it at once, and gives an expensive answer out again for twenty times
 * as long as it took: a small shop sees live figures, a shop with millions of orders pays at most 5 % of its time.
 * `longestMs`: no longer than this, for numbers that people watch. `graceMs`: so much longer the old answer is given at
 * once while the new one is made, for figures that change slowly.
 */
export function remember<T>(
  ctx: Ctx,
  key: string,
  compute: () => Promise<T>,
  { graceMs = 0, longestMs = usuallyMs }: Keeping = {},
): Promise<T> {
  const answers = kept.get(ctx) ?? new Map<string, Kept>()
  kept.set(ctx, answers)
  const known = answers.get(key)
  if (known) {
    if (performance.now() < known.until) return known.answer as Promise<T>
    if (performance.now() < known.until + graceMs) {
      known.until = Infinity
      void start(answers, key, compute, known, longestMs).catch(() => undefined)
      return known.answer as Promise<T>
    }
  }
  return start(answers, key, compute, null, longestMs)
}

/** Computes; an old answer stays in its place until the new one is there, and for a while after a failure. */
function start<T>(
  answers: Map<string, Kept>,
  key: string,
  compute: () => Promise<T>,
  old: Kept | null,
  longestMs: number,
): Promise<T> {
  const begun = performance.now()
  const answer = compute()
  const entry: Kept = { answer, until: Infinity }
  if (!old) answers.set(key, entry)
  answer.then(
    () => {
      const cost = performance.now() - begun
      entry.until = cost < cheapMs ? 0 : performance.now() + Math.min(longestMs, 20 * cost)
      if (answers.get(key) !== (old ?? entry)) return
      if (entry.until === 0) answers.delete(key)
      else answers.set(key, entry)
      if (answers.size > 500) answers.clear()
    },
    () => {
      if (old) old.until = performance.now() + 1000
      else answers.delete(key)
    },
  )
  return answer
}
