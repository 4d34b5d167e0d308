import { setTimeout as wait } from 'node:timers/promises'

/** One webhook post, signed by its provider. */
export interface Post {
  headers: Record<string, string>
  body: string
  /** added to the address: Twilio's callbacks carry their own */
  url?: string
}

export interface HookSettings {
  /** where posts go; null: nowhere, they are only kept */
  url: string | null
  /** share 0..1 of posts that come twice */
  duplicate: number
  /** share of posts that are held back behind the next ones */
  reorder: number
  delayMs: number
  /** share of posts with a wrong signature */
  badSignature: number
  /** share of posts that never come */
  lose: number
}

export interface HookPoster {
  settings: HookSettings
  /** everything that was posted, newest last; at most a few thousand */
  sent: { post: Post; status: number | null }[]
  /** signs again for each try, as providers do */
  push(sign: (isBad: boolean) => Post): void
  /** posts one again, byte for byte */
  replay(index: number): Promise<number | null>
  /** resolves when nothing waits any more */
  idle(): Promise<void>
  close(): void
}

const mostKept = 5_000

/**
 * Posts webhooks as providers do: not in order, sometimes twice, again after a failure, until told to stop.
 * `retryMs`: the provider's own schedule, shortened; `stopOn`: the status with which a receiver ends the retries.
 */
export function createHookPoster(options: {
  random: () => number
  retryMs: readonly number[]
  stopOn?: number
  basicAuth?: boolean
}): HookPoster {
  const stop = new AbortController()
  let waiting = 0
  let held: (() => void)[] = []

  async function post(p: Post): Promise<number | null> {
    const target = p.url ?? poster.settings.url
    let status: number | null = null
    if (target) {
      const url = new URL(target)
      const auth =
        options.basicAuth && url.username && !p.headers['x-sim-bad']
          ? {
              authorization: `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`,
            }
          : {}
      url.username = ''
      url.password = ''
      try {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { ...p.headers, ...auth },
          body: p.body,
          signal: AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]),
        })
        await answer.arrayBuffer()
        status = answer.status
      } catch {
        status = null
      }
    }
    if (poster.sent.length >= mostKept) poster.sent.shift()
    poster.sent.push({ post: p, status })
    return status
  }

  async function deliver(sign: (isBad: boolean) => Post): Promise<void> {
    const { settings } = poster
    if (options.random() < settings.lose) return
    if (settings.delayMs > 0) await wait(settings.delayMs, undefined, { signal: stop.signal })
    const isBad = options.random() < settings.badSignature
    for (let attempt = 0; attempt <= options.retryMs.length; attempt++) {
      const status = await post(sign(isBad))
      if (status !== null && status < 300) break
      if (status === options.stopOn || isBad || stop.signal.aborted || !poster.settings.url) return
      await wait(options.retryMs[attempt] ?? 0, undefined, { signal: stop.signal })
    }
    if (options.random() < settings.duplicate) await post(sign(isBad))
  }

  const poster: HookPoster = {
    settings: { url: null, duplicate: 0, reorder: 0, delayMs: 0, badSignature: 0, lose: 0 },
    sent: [],
    push(sign) {
      waiting += 1
      const go = (): void => {
        deliver(sign)
          .catch(() => undefined)
          .finally(() => (waiting -= 1))
      }
      if (options.random() < poster.settings.reorder) {
        held.push(go)
        setTimeout(release, 50).unref()
      } else {
        go()
        release()
      }
    },
    async replay(index) {
      const kept = poster.sent.at(index)
      return kept ? post(kept.post) : null
    },
    async idle() {
      while (waiting > 0 && !stop.signal.aborted) {
        release()
        await wait(5)
      }
    },
    close: () => stop.abort(),
  }
  function release(): void {
    const now = held
    held = []
    for (const go of now) go()
  }
  return poster
}
