export interface ImportPace {
  phase: string | null
  /** milliseconds since it started, and since the database began to merge */
  elapsedMs: number
  mergingMs: number | null
  bytesRead: number
  bytesTotal: number
  rowsRead: number
  /** milliseconds of merging per row, of the last import of its kind; null: there was none */
  mergeMsPerRow: number | null
}

const leastShare = 0.02
const leastMs = 1500

/**
 * Seconds an import will still take, or null when nobody can say. Reading goes at the pace of this file so far; merging
 * is one statement that tells nothing of itself, so the last import of the kind stands for it, and where there was none
 * the figure is only `at_least`. An import that takes longer than that gets no figure any more.
 */
export function remainingTime(pace: ImportPace): { seconds: number; at_least: boolean } | null {
  const { elapsedMs, bytesRead, bytesTotal, rowsRead, mergeMsPerRow } = pace
  if (pace.phase === 'merging') {
    if (mergeMsPerRow === null) return null
    const left = rowsRead * mergeMsPerRow - (pace.mergingMs ?? 0)
    return left > 0 ? { seconds: Math.ceil(left / 1000), at_least: false } : null
  }
  if (pace.phase !== 'reading' || bytesTotal <= 0 || elapsedMs < leastMs) return null
  const share = Math.min(1, bytesRead / bytesTotal)
  if (share < leastShare) return null
  const reading = (elapsedMs / share) * (1 - share)
  const merging = mergeMsPerRow === null ? 0 : (rowsRead / share) * mergeMsPerRow
  return { seconds: Math.ceil((reading + merging) / 1000), at_least: mergeMsPerRow === null }
}
