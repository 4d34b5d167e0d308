/** Counts reasons by column without keeping the rows; a file that is wrong everywhere has few different reasons. */
export interface Tally {
  add(column: string, reason: string, line: number, count?: number): void
  list(): { column: string; reason: string; count: number; first_line: number }[]
}

export function createTally(most = 200): Tally {
  const found = new Map<string, { column: string; reason: string; count: number; first_line: number }>()
  return {
    add(column, reason, line, count = 1) {
      const key = `${column}\n${reason}`
      const entry = found.get(key)
      if (entry) entry.count += count
      else if (found.size < most) found.set(key, { column, reason, count, first_line: line })
    },
    list: () => [...found.values()].sort((a, b) => b.count - a.count),
  }
}
