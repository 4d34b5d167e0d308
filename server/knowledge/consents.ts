import type { PoolClient } from 'pg'
import type { ConsentInput, ConsentRow } from '#contract/consents.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { readCursor, writeCursor } from '../keyset.ts'
import { closeAddresses } from '../opt-out.ts'
import { suppressionOf } from '../suppression.ts'

type Row = Omit<ConsentRow, 'given_at' | 'created_at'> & { given_at: Date; created_at: Date }

/** Every consent of a customer with its proof, newest first; where it came from only for those who see addresses. */
export async function listConsents(
  ctx: Ctx,
  actor: Pick<Actor, 'role'>,
  customerId: string,
  query: { cursor?: string | undefined; page_size: number; channel?: string | undefined },
): Promise<{ data: Row[]; next_cursor: string | null }> {
  const sort = `consents:${customerId}`
  const [at, last] = query.cursor ? readCursor(ctx.config.secret, query.cursor, sort) : [null, null]
  const { rows } = await ctx.pool.query<Row & { key: string }>(
    `select k.id, k.channel, k.status, k.source, k.text_version, host(k.ip) as ip, k.user_agent, k.given_at, k.created_at,
       (select jsonb_build_object('words', g.consent_text, 'page', g.page, 'confirmed_at', to_char(g.confirmed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'confirmed_by', g.confirmed_by) from signups as g where g.id = k.signup_id) as signup,
       to_char(k.given_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ') as key
     from consents as k where k.customer_id = $1 and ($2::text is null or k.channel = $2)
       and ($3::timestamptz is null or (k.given_at, k.id) < ($3::timestamptz, $4::uuid))
     order by k.given_at desc, k.id desc limit $5`,
    [customerId, query.channel ?? null, at, last, query.page_size + 1],
  )
  if (rows.length === 0) {
    const { rowCount } = await ctx.pool.query('select from customers as c where c.id = $1', [customerId])
    if (!rowCount) throw notFound('customer', customerId)
  }
  const page = rows.slice(0, query.page_size)
  const end = page.at(-1)
  return {
    data: page.map(({ key: _, ...row }) => (actor.role === 'user' ? { ...row, ip: null, user_agent: null } : row)),
    next_cursor: rows.length > query.page_size && end ? writeCursor(ctx.config.secret, sort, [end.key, end.id]) : null,
  }
}

/** Records what a customer said elsewhere. Throws as writeConsents does, conflict for a deleted customer. */
export async function recordConsent(ctx: Ctx, actor: Actor, customerId: string, consent: ConsentInput): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ deleted_at: Date | null }>(
      'select c.deleted_at from customers as c where c.id = $1 for update',
      [customerId],
    )
    if (!rows[0]) throw notFound('customer', customerId)
    if (rows[0].deleted_at) throw new AppError('conflict', 'This customer is deleted; restore them first.')
    await writeConsents(ctx, tx, customerId, [consent])
    await tx.query('update customers as c set updated_at = clock_timestamp() where c.id = $1', [customerId])
    // The words of the proof stand in the table of consents; the trail says that it was recorded.
    const { channel, status, given_at: givenAt } = consent
    await audit(tx, actor, {
      action: 'customer.consent_recorded',
      entity: 'customer',
      entityId: customerId,
      after: { channel, status, given_at: givenAt ?? null },
    })
  })
}

/**
 * A no closes the address for good; a yes is written with its proof, and never over a do-not-contact entry. What stands
 * already is not written twice. Throws InputError on a date in the future, consent.suppressed.
 */
export async function writeConsents(
  ctx: Ctx,
  tx: PoolClient,
  id: string,
  consents: readonly ConsentInput[],
): Promise<void> {
  for (const consent of consents) {
    const { rows } = await tx.query<{ address: string | null; status: string }>(
      `select case when $2 = 'email' then c.email::text else c.phone end as address, case when $2 = 'email' then c.email_consent else c.sms_consent end as status
       from customers as c where c.id = $1`,
      [id, consent.channel],
    )
    const { address, status } = rows[0]!
    const at = consent.given_at ? new Date(consent.given_at) : ctx.clock()
    if (at.getTime() > ctx.clock().getTime() + 86_400_000)
      throw new InputError([{ path: 'given_at', message: 'Consent cannot be given in the future.' }])
    const proof = {
      source: consent.source,
      textVersion: consent.text_version ?? null,
      ip: consent.ip ?? null,
      userAgent: consent.user_agent ?? null,
    }
    if (consent.status === 'denied' && address) {
      await closeAddresses(
        tx,
        ctx.config,
        [{ channel: consent.channel, address, customerId: id, sendId: null, reason: 'unsubscribe', at }],
        proof,
      )
      continue
    }
    if (status === consent.status) continue
    if (consent.status === 'granted' && address && (await suppressionOf(tx, ctx.config, consent.channel, address))) {
      throw new AppError(
        'consent.suppressed',
        'This address is on the do-not-contact list. Only the customer can take that back, with the link in a message or a new sign-up.',
      )
    }
    await tx.query(
      `update customers set ${consent.channel === 'email' ? 'email_consent' : 'sms_consent'} = $2 where id = $1`,
      [id, consent.status],
    )
    await tx.query(
      'insert into consents (customer_id, channel, status, source, text_version, ip, user_agent, given_at) values ($1, $2, $3, $4, $5, $6::inet, $7, $8)',
      [id, consent.channel, consent.status, proof.source, proof.textVersion, proof.ip, proof.userAgent, at],
    )
  }
}
