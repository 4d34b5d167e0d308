import type { ClientBase, Pool } from 'pg'
import type { Config } from './config.ts'
import { addressHash } from './suppression.ts'
import { appendEvents } from './events.ts'

export type Channel = 'email' | 'sms'

/** An address that must not be written to any more, and whose it is. */
export interface Closing {
  channel: Channel
  /** email address or E.164 phone; only its keyed hash is stored */
  address: string
  customerId: string | null
  sendId: string | null
  reason: 'unsubscribe' | 'hard_bounce' | 'complaint' | 'stop'
  at: Date
}

/** How somebody said so: kept as proof. */
export interface Proof {
  source: string
  textVersion?: string | null
  ip?: string | null
  userAgent?: string | null
  /** the confirmed sign-up behind it */
  signupId?: string | null
}

/** What ended: rows that were open before and are closed now. */
export interface Closed {
  suppressed: number
  denied: number
  cancelled: number
}

/** Who says no says it for the channel; who complains says it for everything we send. */
const closesAll = (reason: Closing['reason']): boolean => reason === 'complaint'

/**
 * Closes addresses: suppression (keyed hash), consent denied with its proof, the customer's waiting messages of that
 * channel cancelled. Doing it twice changes nothing. A bounce is no statement of the customer and leaves consent alone.
 */
export async function closeAddresses(
  client: ClientBase,
  config: Pick<Config, 'secret'>,
  closings: readonly Closing[],
  proof: Proof,
): Promise<Closed> {
  if (closings.length === 0) return { suppressed: 0, denied: 0, cancelled: 0 }
  const rows = closings.map((c) => ({
    channel: c.channel,
    scope: closesAll(c.reason) ? 'all' : c.channel,
    hash: addressHash(config, c.channel, c.address).toString('hex'),
    customer_id: c.customerId,
    send_id: c.sendId,
    reason: c.reason,
    at: c.at.toISOString(),
  }))
  const { rowCount: suppressed } = await client.query(
    `insert into suppressions (channel, address_hash, customer_id, reason, send_id, is_demo, created_at)
     select distinct on (g.scope, g.hash) g.scope, decode(g.hash, 'hex'), customers.id, g.reason, g.send_id, coalesce(customers.is_demo, false), g.at
     from jsonb_to_recordset($1::jsonb) as g(scope text, hash text, customer_id uuid, reason text, send_id uuid, at timestamptz)
     left join customers on customers.id = g.customer_id
     order by g.scope, g.hash, g.at
     on conflict (channel, address_hash) do nothing`,
    [JSON.stringify(rows)],
  )
  const spoken = rows
    .filter((r) => r.customer_id && r.reason !== 'hard_bounce')
    .flatMap((r) =>
      (r.scope === 'all' ? (['email', 'sms'] as const) : [r.channel]).map((channel) => ({
        customer_id: r.customer_id!,
        channel,
        at: r.at,
      })),
    )
  const denied = await setConsents(
    client,
    spoken.map((s) => ({ customerId: s.customer_id, channel: s.channel, at: new Date(s.at) })),
    'denied',
    proof,
  )
  const { rowCount: cancelled } = await client.query(
    `update sends set status = 'cancelled', refused_by = g.reason, error_message = 'The address was closed before this message was due.', updated_at = now()
     from (select distinct on (x.customer_id, x.scope) x.customer_id, x.scope, x.reason
           from jsonb_to_recordset($1::jsonb) as x(customer_id uuid, scope text, reason text) where x.customer_id is not null) as g
     where sends.customer_id = g.customer_id and sends.status = 'pending' and not is_leased(sends.id, sends.campaign_id) and (g.scope = 'all' or sends.channel = g.scope)`,
    [JSON.stringify(rows)],
  )
  return { suppressed: suppressed ?? 0, denied, cancelled: cancelled ?? 0 }
}

/**
 * Takes a customer's own "no" back: only suppressions that the customer made are lifted, never those for bounces and
 * complaints; a STOP by text only by a text (`byText`). Returns whether messages may go again as far as this list is
 * concerned.
 */
export async function reopenAddress(
  client: ClientBase,
  config: Pick<Config, 'secret'>,
  opening: { channel: Channel; address: string; customerId: string | null; at: Date; byText?: boolean },
  proof: Proof,
): Promise<boolean> {
  const hash = addressHash(config, opening.channel, opening.address)
  await client.query(
    `delete from suppressions where suppressions.channel = $1 and suppressions.address_hash = $2 and suppressions.reason = any($3)`,
    [opening.channel, hash, opening.byText ? ['unsubscribe', 'stop'] : ['unsubscribe']],
  )
  const { rowCount: still } = await client.query(
    `select 1 from suppressions where suppressions.channel in ($1, 'all') and suppressions.address_hash = $2`,
    [opening.channel, hash],
  )
  if (still) return false
  // Nobody's yet: the address may be asked again, and that is all.
  const { customerId } = opening
  if (!customerId) return true
  const given = await setConsents(client, [{ ...opening, customerId }], 'granted', proof)
  if (given > 0)
    await appendEvents(client, [{ type: 'resubscribe', at: opening.at, customerId, channel: opening.channel }])
  return true
}

/** Reasons that a new sign-up, confirmed by the owner of the address, takes back. A no by text is only taken back by a text. */
const liftedBySignup: Record<Channel, readonly string[]> = { email: ['unsubscribe'], sms: [] }

/** Why not even a question may go to an address, or null. Who unsubscribed from emails may be asked once more: they asked for it. */
export async function closedToSignup(
  client: ClientBase | Pool,
  config: Pick<Config, 'secret'>,
  channel: Channel,
  address: string,
): Promise<string | null> {
  const { rows } = await client.query<{ reason: string }>(
    `select s.reason from suppressions as s where s.address_hash = $1 and s.channel in ($2, 'all') and not (s.channel = $2 and s.reason = any($3)) limit 1`,
    [addressHash(config, channel, address), channel, liftedBySignup[channel]],
  )
  return rows[0]?.reason ?? null
}

/**
 * A yes that the owner of the address confirmed. It lifts the customer's own unsubscribing from emails and nothing
 * else; false: something else keeps the address closed, and nothing was changed. The proof is always written, also
 * where a yes stood already: it is the newer one.
 */
export async function grantConfirmed(
  client: ClientBase,
  config: Pick<Config, 'secret'>,
  given: { channel: Channel; address: string; customerId: string; at: Date },
  proof: Proof,
): Promise<boolean> {
  if (await closedToSignup(client, config, given.channel, given.address)) return false
  const { rowCount: lifted } = await client.query(
    `delete from suppressions where suppressions.channel = $1 and suppressions.address_hash = $2 and suppressions.reason = any($3)`,
    [given.channel, addressHash(config, given.channel, given.address), liftedBySignup[given.channel]],
  )
  const column = given.channel === 'email' ? 'email_consent' : 'sms_consent'
  const { rows } = await client.query<{ before: string }>(
    `update customers as c set ${column} = 'granted', updated_at = clock_timestamp() from customers as b where b.id = c.id and c.id = $1 returning b.${column} as before`,
    [given.customerId],
  )
  await client.query(
    `insert into consents (customer_id, channel, status, source, text_version, ip, user_agent, given_at, signup_id)
     values ($1, $2, 'granted', $3, $4, $5::inet, left($6, 300), $7, $8)`,
    [
      given.customerId,
      given.channel,
      proof.source,
      proof.textVersion ?? null,
      proof.ip ?? null,
      proof.userAgent ?? null,
      given.at,
      proof.signupId ?? null,
    ],
  )
  const wasNo = Boolean(lifted) || rows[0]?.before === 'denied'
  if (wasNo || rows[0]?.before !== 'granted')
    await appendEvents(client, [
      {
        type: wasNo ? 'resubscribe' : 'subscribe',
        at: given.at,
        customerId: given.customerId,
        channel: given.channel,
        properties: { source: 'sign_up' },
      },
    ])
  return true
}

/** Writes consent and its proof where it differs from what stands; returns how many changed. */
async function setConsents(
  client: ClientBase,
  consents: readonly { customerId: string; channel: Channel; at: Date }[],
  status: 'granted' | 'denied',
  proof: Proof,
): Promise<number> {
  if (consents.length === 0) return 0
  const { rows } = await client.query<{ n: number }>(
    `with given as (
       select distinct on (g.customer_id, g.channel) g.* from jsonb_to_recordset($1::jsonb) as g(customer_id uuid, channel text, at timestamptz)
       order by g.customer_id, g.channel, g.at
     ), changed as (
       update customers set
         email_consent = case when w.email then $2 else customers.email_consent end,
         sms_consent = case when w.sms then $2 else customers.sms_consent end,
         updated_at = now()
       from (select given.customer_id, bool_or(given.channel = 'email') as email, bool_or(given.channel = 'sms') as sms from given group by 1) as w
       join customers as before on before.id = w.customer_id
       where customers.id = w.customer_id and ((w.email and customers.email_consent <> $2) or (w.sms and customers.sms_consent <> $2))
       returning customers.id, before.email_consent, before.sms_consent
     ), proven as (
       insert into consents (customer_id, channel, status, source, text_version, ip, user_agent, given_at)
       select given.customer_id, given.channel, $2, $3, $4, $5::inet, left($6, 300), given.at
       from given join changed on changed.id = given.customer_id
       where case given.channel when 'email' then changed.email_consent else changed.sms_consent end <> $2
       returning 1
     )
     select count(*) as n from proven`,
    [
      JSON.stringify(consents.map((c) => ({ customer_id: c.customerId, channel: c.channel, at: c.at.toISOString() }))),
      status,
      proof.source,
      proof.textVersion ?? null,
      proof.ip ?? null,
      proof.userAgent ?? null,
    ],
  )
  return rows[0]?.n ?? 0
}
