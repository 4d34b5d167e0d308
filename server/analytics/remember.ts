import type { Ctx } from '../context.ts'

interface Kept {
  answer: Promise<unknown>
  /** performance.now() until which it may be given out again; Infinity while it is computed */
  until: number
}
const kept = new WeakMap<Ctx, Map<string, Kept>>()

/** Cheaper than this is computed afresh, unless many ask. */
const cheapMs = 50
/** Asked more often than this in a second, it is many who ask. */
const oftenPerSecond = 4
/** How old an answer may be that is shared because many ask. */
const sharedMs = 300
/** So much longer the many are given it while it is made anew: else a tenth of them would wait for each new one. */
const crowdGraceMs = 700
const usuallyMs = 60_000

const asked = new WeakMap<Ctx, Map<string, { since: number; times: number }>>()

interface Keeping {
  graceMs?: number
  longestMs?: number
}

/**
 * Shares one computation between all who ask for it at once, and gives an expensive answer out again for twenty times
 * as long as it took: a small shop sees live figures, a shop with millions of orders pays at most 5 % of its time. A cheap
 * one is given out again only while many ask for it, for a second at most.
 * `longestMs`: no longer than this, for numbers that people watch; 0: only while many ask. `graceMs`: so much longer the old
 * answer is given at once while the new one is made, for figures that change slowly.
 */
export function remember<T>(
  ctx: Ctx,
  key: string,
  compute: () => Promise<T>,
  { graceMs = 0, longestMs = usuallyMs }: Keeping = {},
): Promise<T> {
  const answers = kept.get(ctx) ?? new Map<string, Kept>()
  kept.set(ctx, answers)
  const isOften = countAsked(ctx, key) > oftenPerSecond
  const known = answers.get(key)
  if (known) {
    if (performance.now() < known.until) return known.answer as Promise<T>
    if (performance.now() < known.until + Math.max(graceMs, isOften ? crowdGraceMs : 0)) {
      known.until = Infinity
      void start(answers, key, compute, { old: known, longestMs, isOften }).catch(() => undefined)
      return known.answer as Promise<T>
    }
  }
  return start(answers, key, compute, { old: null, longestMs, isOften })
}

/** How often this was asked for in this second; a busy second is still felt in the next. */
function countAsked(ctx: Ctx, key: string): number {
  const counts = asked.get(ctx) ?? new Map<string, { since: number; times: number }>()
  asked.set(ctx, counts)
  const now = performance.now()
  const own = counts.get(key)
  if (own && now - own.since < 1000) return ++own.times
  if (counts.size > 500) counts.clear()
  const times = own && now - own.since < 2000 && own.times > oftenPerSecond ? own.times : 1
  counts.set(key, { since: now, times })
  return times
}

/** Computes; an old answer stays in its place until the new one is there, and for a while after a failure. */
function start<T>(
  answers: Map<string, Kept>,
  key: string,
  compute: () => Promise<T>,
  { old, longestMs, isOften }: { old: Kept | null; longestMs: number; isOften: boolean },
): Promise<T> {
  const begun = performance.now()
  const answer = compute()
  const entry: Kept = { answer, until: Infinity }
  if (!old) answers.set(key, entry)
  answer.then(
    () => {
      const cost = performance.now() - begun
      const keptMs = Math.min(20 * cost, Math.max(isOften ? sharedMs : 0, cost < cheapMs ? 0 : longestMs))
      entry.until = keptMs === 0 ? 0 : performance.now() + keptMs
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
