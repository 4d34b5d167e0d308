import type { Ctx } from '../../context.ts'
import type { Delivery } from '../../ports/till.ts'

interface Waiting {
  tillId: string
  delivery: Delivery
  body: Buffer
  resolve: (kept: boolean) => void
  reject: (error: unknown) => void
}
interface Batch {
  waiting: Waiting[]
  bytes: number
  timer: NodeJS.Timeout
}

const waitMs = 5
const mostHooks = 200
const mostBytes = 8 * 1024 * 1024
const open = new WeakMap<Ctx, Batch>()

/**
 * Writes a hook down. A burst shares its commits (5 ms or 200 hooks); resolves when it is on disk, so that the answer
 * may be 200, with whether there is (still) such a till. A hook that came before is not written twice.
 */
export function keepHook(ctx: Ctx, tillId: string, delivery: Delivery, body: Buffer): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let batch = open.get(ctx)
    if (!batch) {
      batch = { waiting: [], bytes: 0, timer: setTimeout(() => flush(ctx), waitMs) }
      open.set(ctx, batch)
    }
    batch.waiting.push({ tillId, delivery, body, resolve, reject })
    batch.bytes += body.length
    if (batch.waiting.length >= mostHooks || batch.bytes >= mostBytes) flush(ctx)
  })
}

function flush(ctx: Ctx): void {
  const batch = open.get(ctx)
  if (!batch) return
  open.delete(ctx)
  clearTimeout(batch.timer)
  write(ctx, batch.waiting).then(
    (tills) => batch.waiting.forEach((w) => w.resolve(tills.has(w.tillId))),
    (error: unknown) => batch.waiting.forEach((w) => w.reject(error)),
  )
}

async function write(ctx: Ctx, hooks: readonly Waiting[]): Promise<Set<string>> {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `with given as (
       select distinct on (g.till, g.key) g.* from unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[])
         with ordinality as g(till, key, topic, body, sent_at, nth)
       order by g.till, g.key, g.nth
     ), tills as (
       -- one that is being removed takes its hooks with it
       select i.id from integrations as i where i.id in (select given.till from given) order by i.id for key share
     ), kept as (
       insert into till_hooks (integration_id, event_key, topic, body, sent_at)
       select given.till, given.key, given.topic, given.body, given.sent_at from given join tills on tills.id = given.till order by given.nth
       on conflict (integration_id, event_key) do nothing returning integration_id
     ), counted as (
       update integrations as i set hooks_received = i.hooks_received + k.n, last_received_at = now()
       from (select kept.integration_id, count(*) as n from kept group by 1) as k where i.id = k.integration_id
     )
     select tills.id from tills`,
    [
      hooks.map((h) => h.tillId),
      hooks.map((h) => h.delivery.key),
      hooks.map((h) => h.delivery.topic),
      hooks.map((h) => h.body),
      hooks.map((h) => h.delivery.sentAt),
    ],
  )
  return new Set(rows.map((r) => r.id))
}

const refusals = new WeakMap<Ctx, Map<string, { refused: number; pinged: boolean; timer: NodeJS.Timeout }>>()
const noteMs = 1000

/** Counts what was refused, and pings, once a second: a stranger must not be able to make us write. */
export function noteCall(ctx: Ctx, tillId: string, kind: 'refused' | 'ping'): void {
  let notes = refusals.get(ctx)
  if (!notes) refusals.set(ctx, (notes = new Map()))
  const note = notes.get(tillId) ?? {
    refused: 0,
    pinged: false,
    timer: setTimeout(() => void writeNote(ctx, tillId), noteMs).unref(),
  }
  if (kind === 'refused') note.refused++
  else note.pinged = true
  notes.set(tillId, note)
}

/** Writes the count down now; for tests, and by itself a second after the first call. */
export async function writeNote(ctx: Ctx, tillId: string): Promise<void> {
  const notes = refusals.get(ctx)
  const note = notes?.get(tillId)
  if (!note) return
  notes?.delete(tillId)
  clearTimeout(note.timer)
  await ctx.pool
    .query(
      `update integrations set hooks_refused = hooks_refused + $2, last_refused_at = case when $2 > 0 then now() else last_refused_at end,
         last_ping_at = case when $3 then now() else last_ping_at end where id = $1`,
      [tillId, note.refused, note.pinged],
    )
    .catch((err: unknown) => ctx.log.warn({ err, till: tillId }, 'refused hooks not counted'))
}
