export interface Window {
  /** requests in the current window, this one included */
  count: number
  /** until the count begins anew */
  ttlMs: number
}

/** Counts by key in fixed windows of time, over all processes. Never throws: who cannot count together counts alone. */
export interface Limits {
  add(key: string, windowMs: number): Promise<Window>
  /** what was counted in the current window, in the order of the keys, without counting; for people who look */
  read(keys: readonly string[], windowMs: number): Promise<number[]>
  close(): Promise<void>
}
