import type { ClientBase, Pool } from 'pg'
import type { z } from 'zod'
import type { Webhook, webhooks } from '#contract/webhooks.ts'
import type { Received } from '#contract/http.ts'
import { chatEvents, type WebhookEvent } from '#core/webhooks.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { hookAddressFault } from '../outbound-address.ts'
import { decryptSecret, encryptSecret } from '../secrets.ts'
import { makeSecret } from './sign.ts'

type Shown = z.input<typeof Webhook>
type Kind = Shown['kind']

const mostWebhooks = 50
const dayMs = 86_400_000
const columns = `w.id, w.name, w.kind, w.url, w.events, w.is_active, w.failing_since, w.disabled_because, w.last_success_at, w.last_failure_at, w.last_error,
  case when w.old_secret_until > now() then w.old_secret_until end as old_secret_until, w.created_at,
  case when not w.is_active then 'off' when w.failing_since is not null then 'failing' when w.last_success_at is not null then 'working' else 'new' end as state,
  (select u.full_name from users as u where u.id = w.created_by) as created_by_name,
  (select count(*) from webhook_deliveries as d where d.subscription_id = w.id and d.status = 'waiting')::int as waiting,
  (select count(*) from webhook_deliveries as d where d.subscription_id = w.id and d.status = 'failed')::int as failed`

export async function listWebhooks(ctx: Ctx): Promise<Shown[]> {
  const { rows } = await ctx.pool.query<Shown>(
    `select ${columns} from webhook_subscriptions as w order by w.created_at, w.id limit ${mostWebhooks}`,
  )
  return rows
}

/** Throws not_found. */
export async function readWebhook(client: ClientBase | Pool, id: string): Promise<Shown> {
  const { rows } = await client.query<Shown>(`select ${columns} from webhook_subscriptions as w where w.id = $1`, [id])
  if (!rows[0]) throw notFound('webhook', id)
  return rows[0]
}

/** Throws InputError for an address we do not post to, or events a chat room should not get. */
export async function createWebhook(
  ctx: Ctx,
  actor: Actor,
  input: Received<typeof webhooks.create>['body'],
): Promise<{ webhook: Shown; secret: string | null }> {
  check(ctx, input.kind, input)
  const secret = input.kind === 'standard' ? makeSecret() : null
  return changed(ctx, async (tx) => {
    const { rows: known } = await tx.query<{ n: number }>('select count(*)::int as n from webhook_subscriptions')
    if (known[0]!.n >= mostWebhooks)
      throw new AppError('conflict', `There are ${mostWebhooks} webhooks already; remove one first.`)
    const { rows } = await tx.query<{ id: string }>(
      `insert into webhook_subscriptions (id, name, kind, url, url_enc, secret_enc, events, created_by)
       select g.id, $1, $2, $3, null, null, $4, $5 from (select uuidv7() as id) as g returning id`,
      [input.name, input.kind, shownUrl(input.kind, input.url), input.events, actor.kind === 'user' ? actor.id : null],
    )
    const id = rows[0]!.id
    await keep(ctx, tx, id, 'url_enc', input.url)
    if (secret) await keep(ctx, tx, id, 'secret_enc', secret)
    const webhook = await readWebhook(tx, id)
    await audit(tx, actor, { action: 'webhook.created', entity: 'webhook', entityId: id, after: traceOf(webhook) })
    return { webhook, secret }
  })
}

/** Throws not_found, InputError. Switching on again forgets that it failed, and what waits is tried at once. */
export async function updateWebhook(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: Received<typeof webhooks.update>['body'],
): Promise<Shown> {
  return changed(ctx, async (tx) => {
    const before = await readWebhook(tx, id)
    check(ctx, before.kind, change)
    if (change.url !== undefined) {
      await keep(ctx, tx, id, 'url_enc', change.url)
      await tx.query('update webhook_subscriptions set url = $2 where id = $1', [id, shownUrl(before.kind, change.url)])
    }
    await tx.query(
      `update webhook_subscriptions set name = coalesce($2, name), events = coalesce($3, events), is_active = coalesce($4, is_active), updated_at = now(),
         failing_since = case when $5 then null else failing_since end, disabled_because = case when $4 is null then disabled_because end
       where id = $1`,
      [
        id,
        change.name ?? null,
        change.events ?? null,
        change.is_active ?? null,
        change.is_active === true || change.url !== undefined,
      ],
    )
    if (change.is_active === true || change.url !== undefined)
      await tx.query(
        `update webhook_deliveries as d set next_try_at = now() where d.subscription_id = $1 and d.status = 'waiting'`,
        [id],
      )
    const after = await readWebhook(tx, id)
    await audit(tx, actor, {
      action: 'webhook.changed',
      entity: 'webhook',
      entityId: id,
      before: traceOf(before),
      after: traceOf(after),
    })
    return after
  })
}

/** Throws not_found. */
export async function removeWebhook(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await changed(ctx, async (tx) => {
    const before = await readWebhook(tx, id)
    await tx.query('delete from webhook_subscriptions where id = $1', [id])
    await audit(tx, actor, { action: 'webhook.removed', entity: 'webhook', entityId: id, before: traceOf(before) })
  })
}

/** A new secret; the former one signs along for a day, so that a receiver can change over without losing a post. */
export async function rotateSecret(
  ctx: Ctx,
  actor: Actor,
  id: string,
): Promise<{ webhook: Shown; secret: string | null }> {
  return withTx(ctx.pool, async (tx) => {
    const before = await readWebhook(tx, id)
    if (before.kind !== 'standard')
      throw new AppError('conflict', 'A chat room has no secret but its address; change that instead.')
    const secret = makeSecret()
    const old = await secretsOf(ctx, tx, id)
    if (old.secret) await keep(ctx, tx, id, 'old_secret_enc', old.secret)
    await keep(ctx, tx, id, 'secret_enc', secret)
    await tx.query('update webhook_subscriptions set old_secret_until = $2 where id = $1', [
      id,
      new Date(ctx.clock().getTime() + dayMs),
    ])
    await audit(tx, actor, { action: 'webhook.secret_changed', entity: 'webhook', entityId: id })
    return { webhook: await readWebhook(tx, id), secret }
  })
}

export interface Secrets {
  url: string
  secret: string | null
  oldSecret: string | null
}

/** Where and how a subscription is posted to. Throws not_found, or an error when LMA_SECRET is another one. */
export async function secretsOf(
  ctx: Pick<Ctx, 'config' | 'clock'>,
  client: ClientBase | Pool,
  id: string,
): Promise<Secrets> {
  const { rows } = await client.query<{
    url: string
    url_enc: Buffer | null
    secret_enc: Buffer | null
    old_secret_enc: Buffer | null
    old_secret_until: Date | null
  }>(
    'select w.url, w.url_enc, w.secret_enc, w.old_secret_enc, w.old_secret_until from webhook_subscriptions as w where w.id = $1',
    [id],
  )
  const row = rows[0]
  if (!row) throw notFound('webhook', id)
  const open = (field: string, value: Buffer | null): string | null =>
    value ? decryptSecret(ctx.config, `webhook ${id} ${field}`, value.toString('utf8')) : null
  const isOldGood = row.old_secret_until !== null && row.old_secret_until > ctx.clock()
  return {
    url: open('url_enc', row.url_enc) ?? row.url,
    secret: open('secret_enc', row.secret_enc),
    oldSecret: isOldGood ? open('old_secret_enc', row.old_secret_enc) : null,
  }
}

// Bound to its row and field; the former secret is encrypted anew under its own name.
async function keep(
  ctx: Pick<Ctx, 'config'>,
  tx: ClientBase,
  id: string,
  field: 'url_enc' | 'secret_enc' | 'old_secret_enc',
  value: string,
): Promise<void> {
  await tx.query(`update webhook_subscriptions set ${field} = $2 where id = $1`, [
    id,
    Buffer.from(encryptSecret(ctx.config, `webhook ${id} ${field}`, value)),
  ])
}

function check(
  ctx: Pick<Ctx, 'config'>,
  kind: Kind,
  given: { url?: string | undefined; events?: readonly WebhookEvent[] | undefined },
): void {
  const fault =
    given.url === undefined
      ? null
      : hookAddressFault(given.url, { allowPrivate: ctx.config.privateAddresses.has('webhooks') })
  if (fault) throw new InputError([{ path: 'url', message: fault }])
  if (kind === 'slack' && given.events?.some((e) => !chatEvents.includes(e)))
    throw new InputError([
      { path: 'events', message: 'A chat room gets campaigns and notices; a line for every message would be noise.' },
    ])
}

const shownUrl = (kind: Kind, url: string): string => (kind === 'slack' ? `${new URL(url).origin}/…` : url)
const traceOf = ({ name, kind, url, events, is_active }: Shown): object => ({ name, kind, url, events, is_active })

/**
 * In one transaction with the switch of the trigger that writes events down (webhooks_listen). The switch waits for the
 * writers of this moment; throws conflict when they do not end within five seconds.
 */
async function changed<T>(ctx: Ctx, run: (tx: ClientBase) => Promise<T>): Promise<T> {
  try {
    return await withTx(ctx.pool, async (tx) => {
      const result = await run(tx)
      await tx.query('select webhooks_listen()')
      return result
    })
  } catch (error) {
    if ((error as { code?: string }).code !== '55P03') throw error
    throw new AppError('conflict', 'Something long is being written just now. Try again in a few seconds.')
  }
}
