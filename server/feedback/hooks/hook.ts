import type { StoredProvider } from '../../channel-providers.ts'
import type { Ctx } from '../../context.ts'

/** A post to a webhook with the bytes as they came. */
export interface HookPost {
  raw: Buffer
  headers: Record<string, string | string[] | undefined>
  /** the whole public address it was sent to: some sign it */
  url: string
  now: Date
}

/** One event of a post. The same key twice is one event. */
export interface HookItem {
  key: string
  body: unknown
}

export type HookVerdict =
  | {
      ok: true
      items: HookItem[]
      /** what the provider expects to read; default nothing */
      answer?: { type: string; body: string }
    }
  /** `status`: what makes this provider try again, or stop */
  | { ok: false; status: number; reason: string }

/** Proves who posted, and takes the post apart. `config` is that of the kind's schema, secrets open. */
export type HookReader<C> = (
  ctx: Ctx,
  post: HookPost,
  config: C,
  provider: StoredProvider,
) => HookVerdict | Promise<HookVerdict>

export const refuse = (status: number, reason: string): HookVerdict => ({ ok: false, status, reason })
export const notSetUp = (what: string): HookVerdict =>
  refuse(401, `${what} is not set; enter it in the settings of the provider.`)

/** A header as one text, '' when it is not there. */
export function header(post: HookPost, name: string): string {
  const value = post.headers[name]
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

/** The body as JSON; undefined when it is none. */
export function jsonOf(post: HookPost): unknown {
  try {
    return JSON.parse(post.raw.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Keys that are in use: the one of now and the one before, while both are set. */
export function keysOf(...keys: (string | null | undefined)[]): string[] {
  return keys.filter((k): k is string => typeof k === 'string' && k !== '')
}
