/** How long known results are held in memory while the database is away. */
export const patienceMs = 60_000

export class DatabaseAway extends Error {
  override name = 'DatabaseAway'
}

/** Connection lost, server starting or stopping, deadlock or serialisation: the same write may be tried again. */
export function isAway(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string }
  if (code && /^(08|57P0|53|40|55P03|25006|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH)/.test(code)) return true
  return /Connection terminated|terminated unexpectedly|timeout exceeded when trying to connect|not queryable|Query read timeout|Client was closed|Connection ended/i.test(
    message ?? '',
  )
}

export function pauseMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
