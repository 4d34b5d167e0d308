export interface HookPost {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  timeoutMs: number
  /** addresses of the own network may be asked, too */
  allowPrivate: boolean
}

export type HookAnswer =
  | { kind: 'answered'; status: number; retryAfterMs: number | null; ms: number }
  /** the address leads where we do not post */
  | { kind: 'forbidden'; detail: string }
  /** nobody answered, or not as HTTP; it may have been read */
  | { kind: 'failed'; detail: string; ms: number }

/** Posts to addresses that people wrote into the settings. Never throws, follows no redirect, reads no answer. */
export interface HookPoster {
  post(post: HookPost): Promise<HookAnswer>
  close(): void
}
