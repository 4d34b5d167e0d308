import type { Ctx } from '../../context.ts'
import type { StoredProvider } from '../../channel-providers.ts'
import type { HookItem } from './hook.ts'

const waitMs = 5
const mostRows = 1_000
const wakeEveryMs = 200
const heardEveryMs = 5_000

interface Batch {
  rows: { provider: StoredProvider; item: HookItem }[]
  waiting: { resolve: () => void; reject: (error: unknown) => void }[]
  timer: NodeJS.Timeout
}

interface Desk {
  open: Batch | null
  wake: NodeJS.Timeout | null
  heardAt: Map<string, number>
}
const desks = new WeakMap<Ctx, Desk>()

function deskOf(ctx: Ctx): Desk {
  let desk = desks.get(ctx)
  if (!desk) desks.set(ctx, (desk = { open: null, wake: null, heardAt: new Map() }))
  return desk
}

/**
 * Stores the events of a post; resolves when they are committed, so that a 200 is a promise. Posts of one moment share a
 * statement (5 ms or 1,000 events). What is known by its key already is left as it is.
 */
export function storeItems(ctx: Ctx, provider: StoredProvider, items: readonly HookItem[]): Promise<void> {
  noteHeard(ctx, provider, null)
  if (items.length === 0) return Promise.resolve()
  const desk = deskOf(ctx)
  return new Promise((resolve, reject) => {
    desk.open ??= { rows: [], waiting: [], timer: setTimeout(() => flush(ctx, desk), waitMs) }
    for (const item of items) desk.open.rows.push({ provider, item })
    desk.open.waiting.push({ resolve, reject })
    if (desk.open.rows.length >= mostRows) flush(ctx, desk)
  })
}

function flush(ctx: Ctx, desk: Desk): void {
  const batch = desk.open
  if (!batch) return
  desk.open = null
  clearTimeout(batch.timer)
  const { rows } = batch
  ctx.pool
    .query(
      `insert into webhook_inbox (provider, provider_id, kind, event_key, body)
       select g.provider, g.provider_id, g.kind, g.key, g.body::jsonb
       from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[]) as g(provider, provider_id, kind, key, body)
       on conflict (provider, event_key) do nothing`,
      [
        rows.map((r) => r.provider.key),
        rows.map((r) => r.provider.id),
        rows.map((r) => r.provider.kind),
        rows.map((r) => r.item.key),
        rows.map((r) => storable(r.item.body)),
      ],
    )
    .then(
      () => {
        for (const w of batch.waiting) w.resolve()
        wakeWorkers(ctx, desk)
      },
      (error: unknown) => {
        for (const w of batch.waiting) w.reject(error)
      },
    )
}

// jsonb holds neither NUL nor lone surrogates.
function storable(body: unknown): string {
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
