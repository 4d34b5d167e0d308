import { createHash } from 'node:crypto'
import type { Ctx } from '../../context.ts'
import type { StoredProvider } from '../../channel-providers.ts'
import type { HookItem } from './hook.ts'

const mostPosts = 200
const wakeEveryMs = 200
const heardEveryMs = 5_000
const quietMs = 50

interface Waiting {
  provider: StoredProvider
  key: string
  body: string
  events: number
  resolve: () => void
  reject: (error: unknown) => void
}

interface Desk {
  waiting: Waiting[]
  isWriting: boolean
  lastAt: number
  wake: NodeJS.Timeout | null
  heardAt: Map<string, number>
}
const desks = new WeakMap<Ctx, Desk>()

function deskOf(ctx: Ctx): Desk {
  let desk = desks.get(ctx)
  if (!desk) desks.set(ctx, (desk = { waiting: [], isWriting: false, lastAt: 0, wake: null, heardAt: new Map() }))
  return desk
}

/**
 * Stores a post as one row; resolves when it is committed, so that a 200 is a promise. While one statement commits, the
 * posts that come in collect for the next. A post that is known by its key already is left as it is; events that come
 * again in another post are told apart when they are counted.
 */
export function storeItems(ctx: Ctx, provider: StoredProvider, items: readonly HookItem[]): Promise<void> {
  noteHeard(ctx, provider, null)
  if (items.length === 0) return Promise.resolve()
  const desk = deskOf(ctx)
  desk.lastAt = Date.now()
  return new Promise((resolve, reject) => {
    desk.waiting.push({
      provider,
      key: postKey(items),
      body: storable({ events: items }),
      events: items.length,
      resolve,
      reject,
    })
    if (!desk.isWriting) {
      desk.isWriting = true
      // One turn of the loop lets posts of the same moment into the same statement.
      setImmediate(() => void drain(ctx, desk))
    }
  })
}

/** Resolves when posts have stopped coming for a moment, at the latest after `mostMs`: taking in goes before taking apart. */
export async function whenQuiet(ctx: Ctx, mostMs: number): Promise<void> {
  const until = Date.now() + mostMs
  const desk = deskOf(ctx)
  while ((desk.isWriting || Date.now() - desk.lastAt < quietMs) && Date.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20))
}

async function drain(ctx: Ctx, desk: Desk): Promise<void> {
  while (desk.waiting.length > 0) {
    const batch = desk.waiting.splice(0, mostPosts)
    try {
      await write(ctx, batch)
      for (const w of batch) w.resolve()
      wakeWorkers(ctx, desk)
    } catch (error) {
      for (const w of batch) w.reject(error)
    }
  }
  desk.isWriting = false
}

async function write(ctx: Ctx, batch: readonly Waiting[]): Promise<void> {
  // In one order everywhere: two processes that store the same posts would else wait for each other.
  const rows = batch.toSorted((a, b) => compare(a.provider.key, b.provider.key) || compare(a.key, b.key))
  await ctx.pool.query(
    `insert into webhook_inbox (provider, provider_id, kind, event_key, body, events)
     select g.provider, g.provider_id, g.kind, g.key, g.body::jsonb, g.events
     from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[]) as g(provider, provider_id, kind, key, body, events)
     on conflict (provider, event_key) do nothing`,
    [
      rows.map((r) => r.provider.key),
      rows.map((r) => r.provider.id),
      rows.map((r) => r.provider.kind),
      rows.map((r) => r.key),
      rows.map((r) => r.body),
      rows.map((r) => r.events),
    ],
  )
}

/** The event's own key, or one of all of them. */
function postKey(items: readonly HookItem[]): string {
  if (items.length === 1) return items[0]!.key
  const hash = createHash('sha256')
  for (const { key } of items) hash.update(`${key}\n`)
  return `post:${hash.digest('hex')}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

// jsonb holds neither NUL nor lone surrogates.
export function storable(body: unknown): string {
  const text = JSON.stringify(body) ?? 'null'
  return text.includes('\\u')
    ? text.replace(/\\u0000|\\ud[89a-f][0-9a-f]{2}(?:\\ud[c-f][0-9a-f]{2})?/gi, (e) =>
        e.length > 6 && /^\\ud[89ab]/i.test(e) ? e : '',
      )
    : text
}

/** Whoever takes events apart is woken a few times a second at most; a sweep finds what nobody was woken for. */
function wakeWorkers(ctx: Ctx, desk: Desk): void {
  desk.wake ??= setTimeout(() => {
    desk.wake = null
    if (ctx.pool.ending) return
    ctx.bus.publish('hooks.received', {}).catch((err: unknown) => ctx.log.debug({ err }, 'nobody was woken'))
  }, wakeEveryMs).unref()
}

/** When a provider last posted, or why it was last refused; written every five seconds at most. */
export function noteHeard(ctx: Ctx, provider: StoredProvider, refusal: string | null): void {
  const { heardAt } = deskOf(ctx)
  const key = `${provider.id}:${refusal ?? ''}`
  const now = Date.now()
  if (now - (heardAt.get(key) ?? 0) < heardEveryMs) return
  if (heardAt.size > 1_000) heardAt.clear()
  heardAt.set(key, now)
  const [column, values] =
    refusal === null ? ['last_received_at', [provider.id]] : ['last_refused_at', [provider.id, refusal.slice(0, 300)]]
  ctx.pool
    .query(
      refusal === null
        ? `insert into provider_hooks (provider_id, last_received_at) values ($1, now()) on conflict (provider_id) do update set last_received_at = now()`
        : `insert into provider_hooks (provider_id, last_refused_at, last_refusal) values ($1, now(), $2) on conflict (provider_id) do update set last_refused_at = now(), last_refusal = excluded.last_refusal`,
      values,
    )
    .catch((err: unknown) => ctx.log.debug({ err, column }, 'it was not noted when a provider was heard'))
}
