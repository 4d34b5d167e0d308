import { webhookPatienceDays, webhookTries, webhookWaitMs } from '#core/webhooks.ts'
import { withTx } from '#db/pool.ts'
import { audit, systemActor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { addNotices } from '../notices.ts'
import { pause } from '../pause.ts'
import type { HookAnswer } from '../ports/hook-poster.ts'
import { chatBody } from './chat.ts'
import { messageIdOf, signStandard } from './sign.ts'
import { secretsOf, type Secrets } from './subscriptions.ts'

export interface Delivery {
  id: string
  subscription_id: string
  kind: 'standard' | 'slack'
  name: string
  body: string
  attempts: number
}

const timeoutMs = 15_000
const leaseSeconds = 120
/** In flight at one receiver; four times as many are leased, so that a lease outlasts the slowest answers twice. */
const perWebhook = 8

export interface Deliverer {
  /** begins with what is due; returns how many */
  begin(): Promise<number>
  /** until nothing is in flight any more */
  idle(): Promise<void>
  /** when the next webhook is through with what it had, and can be given more; at once when none is at work */
  next(): Promise<void>
}

/**
 * Posts what is due. A row is leased before it is posted and settled afterwards, so a process that dies in between only
 * makes the post come twice, under the same webhook-id. Each webhook is served by itself: one that hangs holds up only itself.
 */
export function createDeliverer(ctx: Ctx): Deliverer {
  const busy = new Map<string, Promise<void>>()
  return {
    async begin() {
      const deliveries = await claim(ctx, [...busy.keys()])
      for (const [id, own] of Map.groupBy(deliveries, (d) => d.subscription_id))
        busy.set(
          id,
          deliverTo(ctx, id, own)
            // What was not settled is leased until the lease ends, and tried again then.
            .catch((err: unknown) => ctx.log.warn({ err, webhook: id }, 'a webhook could not be settled'))
            .finally(() => busy.delete(id)),
        )
      return deliveries.length
    },
    async idle() {
      await Promise.all(busy.values())
    },
    async next() {
      await Promise.race(busy.values())
    },
  }
}

/** Until the signal; then what is in flight is finished. */
export async function runWebhooks(ctx: Ctx, signal: AbortSignal): Promise<void> {
  const deliverer = createDeliverer(ctx)
  while (!signal.aborted) {
    const woken = new AbortController()
    try {
      const began = await deliverer.begin()
      // Whoever is through gets more at once; whoever has nothing to do looks once a second.
      if (began > 0) void deliverer.next().then(() => woken.abort())
    } catch (err) {
      ctx.log.warn({ err: err as Error }, 'webhooks could not be looked for, trying again')
    }
    await pause(1_000, AbortSignal.any([signal, woken.signal]))
  }
  await deliverer.idle()
}

async function claim(ctx: Ctx, busy: readonly string[]): Promise<Delivery[]> {
  const { rows } = await ctx.pool.query<Delivery>({
    name: 'webhooks due',
    text: `with due as (
       select d.id from webhook_subscriptions as w cross join lateral (
         select x.id from webhook_deliveries as x
         where x.subscription_id = w.id and x.status = 'waiting' and x.next_try_at <= $1 and (x.leased_until is null or x.leased_until < now())
         order by x.next_try_at, x.id limit ${perWebhook * 4} for update skip locked) as d
       where w.is_active and w.id <> all($2::uuid[])
     )
     update webhook_deliveries as d set leased_until = now() + make_interval(secs => ${leaseSeconds}), attempts = d.attempts + 1
     from due, webhook_subscriptions as w where d.id = due.id and w.id = d.subscription_id
     returning d.id, d.subscription_id, w.kind, w.name, d.body, d.attempts`,
    values: [ctx.clock(), busy],
  })
  return rows
}

async function deliverTo(ctx: Ctx, id: string, deliveries: Delivery[]): Promise<void> {
  const secrets = await secretsOf(ctx, ctx.pool, id).catch((error: unknown) => error as Error)
  const queue = [...deliveries]
  const taken: Taken[] = []
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const answer =
        secrets instanceof Error
          ? ({ kind: 'failed', detail: secrets.message, ms: 0 } as const)
          : await postOnce(ctx, next, secrets)
      const fault = faultOf(answer)
      if (fault === null && answer.kind === 'answered')
        taken.push({ id: next.id, status: answer.status, ms: answer.ms })
      else await settleFailure(ctx, next, answer, fault ?? '')
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(perWebhook, deliveries.length) }, worker))
  } finally {
    // One statement for all that were taken: a process that dies before it posts them once more, which it may.
    await settleTaken(ctx, id, taken)
  }
}

interface Taken {
  id: string
  status: number
  ms: number
}

/** One post, signed for this moment. */
export async function postOnce(
  ctx: Pick<Ctx, 'clock' | 'config' | 'hooks'>,
  delivery: Pick<Delivery, 'id' | 'kind' | 'body'>,
  { url, secret, oldSecret }: Secrets,
): Promise<HookAnswer> {
  const id = messageIdOf(delivery.id)
  const timestamp = Math.floor(ctx.clock().getTime() / 1000)
  const body = delivery.kind === 'slack' ? chatBody(delivery.body, ctx.config.publicUrl) : delivery.body
  const signatures = [secret, oldSecret].flatMap((s) => (s ? [signStandard(s, id, timestamp, body)] : []))
  return ctx.hooks.post({
    url,
    body,
    timeoutMs,
    allowPrivate: ctx.config.privateAddresses.has('webhooks'),
    headers: {
      'content-type': 'application/json',
      'user-agent': 'LiquorAgent-Webhooks/1',
      ...(delivery.kind === 'standard'
        ? {
            'webhook-id': id,
            'webhook-timestamp': String(timestamp),
            'webhook-signature': signatures.join(' '),
          }
        : {}),
    },
  })
}

/** What an answer says, in one sentence; null: taken. */
export function faultOf(answer: HookAnswer): string | null {
  if (answer.kind !== 'answered') return answer.detail
  if (answer.status >= 200 && answer.status < 300) return null
  if (answer.status >= 300 && answer.status < 400) return `It answered ${answer.status}; redirects are not followed.`
  return answer.status === 410 ? 'It answered 410: nobody wants these posts any more.' : `It answered ${answer.status}.`
}

async function settleTaken(ctx: Ctx, subscriptionId: string, taken: readonly Taken[]): Promise<void> {
  if (taken.length === 0) return
  await ctx.pool.query(
    `with done as (
       update webhook_deliveries as d set status = 'delivered', leased_until = null, response_status = g.status, response_ms = g.ms, error = null, finished_at = $2
       from unnest($3::uuid[], $4::int[], $5::int[]) as g(id, status, ms) where d.id = g.id
     )
     update webhook_subscriptions set last_success_at = $2, failing_since = null, last_error = null where id = $1`,
    [subscriptionId, ctx.clock(), taken.map((x) => x.id), taken.map((x) => x.status), taken.map((x) => x.ms)],
  )
}

async function settleFailure(ctx: Ctx, delivery: Delivery, answer: HookAnswer, fault: string): Promise<void> {
  const now = ctx.clock()
  const status = answer.kind === 'answered' ? answer.status : null
  const ms = answer.kind === 'forbidden' ? null : answer.ms
  const isOver = delivery.attempts >= webhookTries || status === 410 || answer.kind === 'forbidden'
  const wait = webhookWaitMs(delivery.attempts, Math.random(), answer.kind === 'answered' ? answer.retryAfterMs : null)
  await withTx(ctx.pool, async (tx) => {
    await tx.query(
      `update webhook_deliveries set status = case when $2 then 'failed' else 'waiting' end, leased_until = null, response_status = $3, response_ms = $4, error = $5,
         next_try_at = $6, finished_at = case when $2 then $7::timestamptz end where id = $1`,
      [delivery.id, isOver, status, ms, fault, new Date(now.getTime() + wait), now],
    )
    const { rows } = await tx.query<{ failing_since: Date; is_active: boolean }>(
      `update webhook_subscriptions set last_failure_at = $2, last_error = $3, failing_since = coalesce(failing_since, $2) where id = $1 returning failing_since, is_active`,
      [delivery.subscription_id, now, fault],
    )
    const since = rows[0]
    if (!since?.is_active) return
    const isTired = now.getTime() - since.failing_since.getTime() > webhookPatienceDays * 86_400_000
    if (status === 410) await switchOff(ctx, tx, delivery, 'it answered 410: nobody wants these posts any more')
    else if (isTired) await switchOff(ctx, tx, delivery, `every try failed for ${webhookPatienceDays} days`)
  })
}

/**
 * Off, with a notice. What waits stays for who switches it on again. The trigger goes on until the next change of a
 * webhook: it finds nobody to write for.
 */
async function switchOff(
  ctx: Ctx,
  tx: Parameters<typeof audit>[0],
  delivery: Delivery,
  because: string,
): Promise<void> {
  await tx.query('update webhook_subscriptions set is_active = false, disabled_because = $2 where id = $1', [
    delivery.subscription_id,
    because,
  ])
  await audit(tx, systemActor, {
    action: 'webhook.disabled',
    entity: 'webhook',
    entityId: delivery.subscription_id,
    reason: because,
  })
  await addNotices(tx, [
    {
      kind: 'webhook_disabled',
      level: 'risk',
      key: `webhook_disabled:${delivery.subscription_id}:${ctx.clock().toISOString().slice(0, 13)}`,
      leastRole: 'admin',
      facts: { name: delivery.name, reason: because },
      path: `/settings/webhooks/${delivery.subscription_id}`,
    },
  ])
}

/** The log is kept for 30 days; what still waits is kept. */
export async function forgetDeliveries(ctx: Ctx): Promise<void> {
  await ctx.pool.query(
    `delete from webhook_deliveries as d where d.status <> 'waiting' and d.finished_at < $1::timestamptz - interval '30 days'`,
    [ctx.clock()],
  )
}
