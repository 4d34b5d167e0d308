export interface TallyEntry {
  column: string
  reason: string
  count: number
  first_line: number
  /** the cells can be left empty or read as something else */
  can_repair: boolean
  /** the most frequent values, for a person to repair them; only where asked for */
  values?: { value: string; count: number }[]
}

/** Counts reasons by column without keeping the rows; a file that is wrong everywhere has few different reasons. */
export interface Tally {
  add(
    column: string,
    reason: string,
    line: number,
    more?: { count?: number; value?: string; canRepair?: boolean },
  ): void
  list(): TallyEntry[]
}

const mostReasons = 200
const mostValues = 500
const shownValues = 12

/** @param withValues keep what stood in the cells */
export function createTally(withValues = false): Tally {
  const found = new Map<string, TallyEntry & { seen: Map<string, number> }>()
  return {
    add(column, reason, line, { count = 1, value, canRepair = false } = {}) {
      const key = `${column}\n${reason}`
      let entry = found.get(key)
      if (!entry) {
        if (found.size >= mostReasons) return
        entry = { column, reason, count: 0, first_line: line, can_repair: canRepair, seen: new Map() }
        found.set(key, entry)
      }
      entry.count += count
      if (withValues && value !== undefined && (entry.seen.has(value) || entry.seen.size < mostValues))
        entry.seen.set(value, (entry.seen.get(value) ?? 0) + 1)
    },
    list: () =>
      [...found.values()]
        .toSorted((a, b) => b.count - a.count)
        .map(({ seen, ...entry }) => ({
          ...entry,
          ...(seen.size > 0
            ? {
                values: [...seen]
                  .toSorted((a, b) => b[1] - a[1])
                  .slice(0, shownValues)
                  .map(([value, count]) => ({ value, count })),
              }
            : {}),
        })),
  }
}
