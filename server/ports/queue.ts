/** Wakes workers up. The truth about work is in PostgreSQL: a lost message loses nothing, a sweep finds it. */
export interface Queue {
  readonly kind: 'postgres' | 'redis'
  enqueue(
    name: string,
    data: Record<string, unknown>,
    options?: { delayMs?: number; dedupeKey?: string },
  ): Promise<void>
  /** Starts taking messages; the handler's promise decides success. */
  work(
    handler: (name: string, data: Record<string, unknown>, signal: AbortSignal) => Promise<void>,
    concurrency: number,
  ): Promise<void>
  close(): Promise<void>
}
