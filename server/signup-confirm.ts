import type { ClientBase } from 'pg'
import { ageOn, earliestLocalDay } from '#core/compliance/age.ts'
import { candidateZones, stateOfZip } from '#core/compliance/zones.ts'
import { signupAge } from '#core/knowledge/signup.ts'
import { audit } from './audit.ts'
import type { Ctx } from './context.ts'
import { grantConfirmed, type Channel } from './opt-out.ts'
import { readSetting } from './settings.ts'

/** Days in which a sign-up can be confirmed; after them nothing of it is left. */
export const signupDays = 7

export interface Confirmation {
  by: 'link' | 'reply'
  ip: string | null
  userAgent: string | null
}

export type Confirmed =
  | { kind: 'confirmed'; customerId: string; channel: Channel }
  | { kind: 'already'; customerId: string | null; channel: Channel }
  /** the address may not be written to, or belongs to somebody who is under age */
  | { kind: 'closed' }
  /** unknown, or too old */
  | { kind: 'expired' }

interface Row {
  id: string
  submission_id: string
  form_id: string
  form_name: string
  store_id: string | null
  channel: Channel
  address: string
  first_name: string | null
  birth_date: string | null
  zip: string | null
  text_version: string
  via: string
  ip: string | null
  user_agent: string | null
  status: string
  customer_id: string | null
  created_at: Date
}

interface Known {
  id: string
  email: string | null
  phone: string | null
  first_name: string | null
  birth_date: string | null
  age_status: string
  zip: string | null
  state: string | null
  merged_into: string | null
  erased_at: Date | null
}

/**
 * Turns a sign-up into consent, because whoever holds the address says so: finds or makes the customer, writes the yes
 * with its proof, and forgets what was only kept for this. Doing it twice changes nothing. Runs in the caller's transaction.
 */
export async function confirmSignup(
  ctx: Pick<Ctx, 'config' | 'clock'>,
  tx: ClientBase,
  id: string,
  how: Confirmation,
): Promise<Confirmed> {
  const now = ctx.clock()
  const { rows } = await tx.query<Row>(
    `select g.id, g.submission_id, g.form_id, f.name as form_name, g.store_id, g.channel, g.address, g.first_name, g.birth_date, g.zip, g.text_version,
       g.via, host(g.ip) as ip, g.user_agent, g.status, g.customer_id, g.created_at
     from signups as g join signup_forms as f on f.id = g.form_id where g.id = $1 for update of g`,
    [id],
  )
  const signup = rows[0]
  if (!signup) return { kind: 'expired' }
  if (signup.status === 'confirmed') return { kind: 'already', customerId: signup.customer_id, channel: signup.channel }
  if (signup.status === 'refused') return { kind: 'closed' }
  if (now.getTime() - signup.created_at.getTime() > signupDays * 86_400_000) return { kind: 'expired' }

  const known = await findKnown(tx, signup)
  const why = known ? whyNot(known, now) : null
  if (why) return refuse(tx, signup, why, now)
  const shop = await readSetting(tx, 'shop')
  const customerId = known ? await enrich(tx, known, signup, shop.time_zone) : await create(tx, signup, shop.time_zone)
  const granted = await grantConfirmed(
    tx,
    ctx.config,
    { channel: signup.channel, address: signup.address, customerId, at: now },
    {
      source: `sign-up form “${signup.form_name}”, confirmed by ${how.by === 'link' ? 'link' : 'text reply'}`,
      textVersion: signup.text_version,
      ip: signup.ip,
      userAgent: signup.user_agent,
      signupId: signup.id,
    },
  )
  if (!granted) return refuse(tx, signup, 'closed', now)
  await tx.query(
    `update signups set status = 'confirmed', customer_id = $2, confirmed_at = $3, confirmed_by = $4, confirmed_ip = $5::inet,
       confirmed_user_agent = left($6, 300), ask_at = null, first_name = null, birth_date = null, zip = null where id = $1`,
    [signup.id, customerId, now, how.by, how.ip, how.userAgent],
  )
  await countSignup(tx, signup.form_id, signup.via, 'confirmed', now)
  await audit(
    tx,
    { kind: 'customer', id: null, role: 'user' },
    {
      action: known ? 'customer.subscribed' : 'customer.signed_up',
      entity: 'customer',
      entityId: customerId,
      after: { channel: signup.channel, form_id: signup.form_id, signup_id: signup.id, confirmed_by: how.by },
    },
  )
  return { kind: 'confirmed', customerId, channel: signup.channel }
}

/** Confirms the latest sign-up for texts of a number that was asked; null: none waits. */
export async function confirmByText(
  ctx: Pick<Ctx, 'config' | 'clock'>,
  tx: ClientBase,
  phone: string,
): Promise<Confirmed | null> {
  const { rows } = await tx.query<{ id: string }>(
    `select g.id from signups as g where g.channel = 'sms' and g.address = $1 and g.status = 'pending' and g.asked_at is not null
       and g.created_at > $2::timestamptz - make_interval(days => ${signupDays}) order by g.created_at desc limit 1`,
    [phone, ctx.clock()],
  )
  return rows[0] ? confirmSignup(ctx, tx, rows[0].id, { by: 'reply', ip: null, userAgent: null }) : null
}

const counted = ['shown', 'sent', 'confirmed', 'under_age', 'robots', 'closed'] as const

/** Adds one to a sum of a form and day (UTC). */
export async function countSignup(
  client: Pick<ClientBase, 'query'>,
  formId: string,
  via: string,
  what: (typeof counted)[number],
  at: Date,
): Promise<void> {
  await client.query(
    `insert into signup_counts as c (form_id, day, via, ${what}) values ($1, ($3::timestamptz at time zone 'UTC')::date, $2, 1)
     on conflict (form_id, day, via) do update set ${what} = c.${what} + 1`,
    [formId, via, at],
  )
}

// Who has the address; else whom the other address of the same sign-up became.
async function findKnown(tx: ClientBase, signup: Row): Promise<Known | null> {
  const columns =
    'c.id, c.email, c.phone, c.first_name, c.birth_date, c.age_status, c.zip, c.state, c.merged_into, c.erased_at'
  const { rows } = await tx.query<Known>(
    `select ${columns} from customers as c where c.${signup.channel === 'email' ? 'email' : 'phone'} = $1 for update`,
    [signup.address],
  )
  if (rows[0]) return rows[0]
  const { rows: siblings } = await tx.query<Known>(
    `select ${columns} from signups as g join customers as c on c.id = g.customer_id
     where g.submission_id = $1 and g.id <> $2 and g.status = 'confirmed' and c.deleted_at is null and c.merged_into is null
       and c.${signup.channel === 'email' ? 'email' : 'phone'} is null limit 1 for update of c`,
    [signup.submission_id, signup.id],
  )
  return siblings[0] ?? null
}

/** A former address of a merged customer is no longer theirs to agree with (docs/decisions/0013). */
function whyNot(known: Known, now: Date): string | null {
  if (known.merged_into) return 'former_address'
  if (known.erased_at) return 'erased'
  const isMinor =
    known.birth_date !== null && ageOn(known.birth_date, earliestLocalDay(now, ['Pacific/Pago_Pago'])) < signupAge
  return isMinor || known.age_status === 'under_age' ? 'under_age' : null
}

async function refuse(tx: ClientBase, signup: Row, why: string, now: Date): Promise<Confirmed> {
  await tx.query(
    `update signups set status = 'refused', refused_because = $2, ask_at = null, first_name = null, birth_date = null, zip = null where id = $1`,
    [signup.id, why],
  )
  await countSignup(tx, signup.form_id, signup.via, 'closed', now)
  return { kind: 'closed' }
}

async function create(tx: ClientBase, s: Row, shopZone: string): Promise<string> {
  const state = stateOfZip(s.zip)
  const zones = candidateZones({ state, zip: s.zip, phone: s.channel === 'sms' ? s.address : null }, shopZone)
  const { rows } = await tx.query<{ id: string }>(
    `insert into customers (email, phone, name, first_name, birth_date, age_status, zip, state, time_zones, store_id)
     values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9) returning id`,
    [
      s.channel === 'email' ? s.address : null,
      s.channel === 'sms' ? s.address : null,
      s.first_name,
      s.birth_date,
      s.birth_date ? 'dob_verified' : 'unknown',
      s.zip,
      state,
      zones.known ? zones.zones : [],
      s.store_id,
    ],
  )
  return rows[0]!.id
}

/** Fills what was not known; what the shop knows already stays. A deleted customer who comes back is one again. */
async function enrich(tx: ClientBase, known: Known, s: Row, shopZone: string): Promise<string> {
  const zip = known.zip ?? s.zip
  const state = known.state ?? stateOfZip(zip)
  const phone = known.phone ?? (s.channel === 'sms' ? s.address : null)
  const zones = candidateZones({ state, zip, phone }, shopZone)
  await tx.query(
    `update customers as c set email = coalesce(c.email, $2), phone = coalesce(c.phone, $3), first_name = coalesce(c.first_name, $4), name = coalesce(c.name, $4),
       birth_date = coalesce(c.birth_date, $5), age_status = case when c.birth_date is null and $5::date is not null then 'dob_verified' else c.age_status end,
       zip = $6, state = $7, time_zones = case when $8 and c.time_zones = '{}' then $9 else c.time_zones end,
       store_id = coalesce(c.store_id, $10), deleted_at = null, updated_at = clock_timestamp()
     where c.id = $1`,
    [
      known.id,
      s.channel === 'email' ? s.address : null,
      phone,
      s.first_name,
      s.birth_date,
      zip,
      state,
      zones.known,
      zones.zones,
      s.store_id,
    ],
  )
  return known.id
}
