import type { ClientBase, Pool } from 'pg'
import { addDays, localDate, type Day } from '#core/calendar.ts'
import { longestPace, type Wishes } from '#core/compliance/wishes.ts'
import { bucket, isHeldOut } from '#core/experiments/assign.ts'
import { createStoreFinder } from '#core/knowledge/nearest-store.ts'
import type { AssignableCustomer, StoreForGate } from '#core/planning/assign.ts'
import type { ShopHabits } from '#core/planning/groups.ts'
import type { Config } from '../config.ts'
import { deriveKey } from '../keys.ts'
import { readSetting } from '../settings.ts'
import { addressHash } from '../suppression.ts'
import { readWishes } from '../wishes.ts'
import { adultSince, countRecent, groupColumns, groupOf, idPlace, placesOf, type GroupColumns } from './groups.ts'

/** A customer with what only the send needs. */
export interface AudienceMember {
  id: string
  name: string | null
  first_name: string | null
  email: string | null
  phone: string | null
  primary_category: string | null
  /** held out of every campaign of this year */
  held_out_of_all: boolean
  customer: AssignableCustomer
  /** how many customers this one stands for: 1 unless only a share is looked at */
  weight: number
}

export interface AudienceQuery {
  /** null: whoever is named in customerIds, whatever segments they are in */
  segments: readonly string[] | null
  weekStart: Day
  /** its own sends do not count as earlier contacts */
  campaignId: string
  holdoutShare: number
  /** the longest cool-down of the playbooks in it: so far back lie messages that still count */
  coolDownDays?: number
  stores: readonly StoreForGate[]
  /** everybody's group is read (core/planning/groups.ts) as of this moment and against these habits; left out: nobody's is */
  grouped?: { at: Date; habits: ShopHabits }
  /** only a fixed share of each segment's members is looked at, each for several (`weight`): to count a large shop */
  shares?: ReadonlyMap<string, number>
  /** only these; null: everybody in the segments */
  customerIds: readonly string[] | null
  /** keyset: go on after this customer */
  after?: string
  chunkSize?: number
}

export interface AudienceRow extends Partial<GroupColumns> {
  id: string
  name: string | null
  first_name: string | null
  email: string | null
  phone: string | null
  birth_date: Day | null
  age_status: AssignableCustomer['age_status']
  email_consent: AssignableCustomer['email_consent']
  sms_consent: AssignableCustomer['sms_consent']
  state: string | null
  zip: string | null
  time_zones: string[]
  store_id: string | null
  usual_hour: number | null
  primary_category: string | null
  segments: string[]
  weight?: number
}

export interface Contact {
  at: Date
  channel: 'email' | 'sms'
}

const lowest = '00000000-0000-0000-0000-000000000000'

/** The salt that cuts this campaign's holdout; secret, so that nobody can arrange to be in it. */
export function holdoutSalt(config: Pick<Config, 'secret'>, campaignId: string): string {
  return `${deriveKey(config.secret, 'holdout').toString('base64url')}:${campaignId}`
}

/** What is known of customers beside their own row. */
export interface Beside {
  wishes: ReadonlyMap<string, Wishes>
  contacts: ReadonlyMap<string, Contact[]>
  /** messages that count as pressure; null: groups are not asked for */
  recent: ReadonlyMap<string, number> | null
}

/** Puts rows and what is known beside them together to what the gate asks for. */
export async function memberMaker(
  client: ClientBase | Pool,
  config: Pick<Config, 'secret'>,
  query: AudienceQuery,
): Promise<(rows: readonly AudienceRow[], beside: Beside) => Promise<AudienceMember[]>> {
  const salt = holdoutSalt(config, query.campaignId)
  const storeOf = createStoreFinder(query.stores)
  const { global_holdout_share } = await readSetting(client, 'analytics')
  const yearSalt = holdoutSalt(config, `all:${query.weekStart.slice(0, 4)}`)
  return async (rows, { wishes, contacts, recent }) => {
    const suppressed = await findSuppressed(client, config, rows)
    const { grouped } = query
    return rows.map((r) => ({
      held_out_of_all: isHeldOut(yearSalt, r.id, global_holdout_share),
      id: r.id,
      name: r.name,
      first_name: r.first_name,
      email: r.email,
      phone: r.phone,
      primary_category: r.primary_category,
      weight: r.weight ?? 1,
      customer: {
        birth_date: r.birth_date,
        age_status: r.age_status,
        email_consent: r.email_consent,
        sms_consent: r.sms_consent,
        has_email: r.email !== null,
        has_phone: r.phone !== null,
        state: r.state,
        time_zones: r.time_zones,
        wishes: wishes.get(r.id) ?? null,
        segments: r.segments,
        ...(grouped && recent ? { group: groupOf(r as GroupColumns, recent.get(r.id) ?? 0, grouped.habits) } : {}),
        usual_hour: r.usual_hour,
        suppressed: {
          email: r.email !== null && suppressed.has(`email:${r.email.toLowerCase()}`),
          sms: r.phone !== null && suppressed.has(`sms:${r.phone}`),
        },
        store: storeOf(r).store,
        contacts: contacts.get(r.id) ?? [],
        held_out: isHeldOut(salt, r.id, query.holdoutShare) || isHeldOut(yearSalt, r.id, global_holdout_share),
        spread: bucket(`spread:${query.campaignId}`, r.id),
      },
    }))
  }
}

/** Everybody in the segments, in order of id and in chunks, with all that the gate asks for. */
export async function* streamAudience(
  client: ClientBase | Pool,
  config: Pick<Config, 'secret'>,
  query: AudienceQuery,
): AsyncGenerator<AudienceMember[]> {
  const chunkSize = query.chunkSize ?? 5000
  const membersOf = await memberMaker(client, config, query)
  const { time_zone: zone } = await readSetting(client, 'shop')
  let after = query.after ?? lowest
  for (;;) {
    const rows = await findMembers(client, query, zone, after, chunkSize)
    if (rows.length === 0) return
    after = rows.at(-1)!.id
    const ids = rows.map((r) => r.id)
    const wishes = await readWishes(client, ids)
    const contacts = await findContacts(client, ids, query)
    const recent = query.grouped ? await countRecent(client, ids, query.grouped.at) : null
    await addPaced(client, contacts, wishes, query)
    yield await membersOf(rows, { wishes, contacts, recent })
    if (rows.length < chunkSize) return
  }
}

/** The last message of those who chose a pace of their own, as far back as the longest pace. */
export async function addPaced(
  client: ClientBase | Pool,
  contacts: Map<string, Contact[]>,
  wishes: ReadonlyMap<string, Wishes>,
  query: AudienceQuery,
): Promise<void> {
  const paced = [...wishes].flatMap(([id, w]) => (w.every_days === null ? [] : [id]))
  if (paced.length > 0 && (query.coolDownDays ?? 0) < longestPace)
    addContacts(contacts, await findLastContact(client, paced, { ...query, coolDownDays: longestPace }))
}

async function findMembers(
  client: ClientBase | Pool,
  query: AudienceQuery,
  zone: string,
  after: string,
  limit: number,
): Promise<AudienceRow[]> {
  if (query.shares) return findShare(client, query, query.shares, zone, after, limit)
  const { segments, customerIds, grouped } = query
  const members = segments
    ? `select sm.customer_id, array_agg(g.key) as segments
       from segment_members as sm join segments as g on g.id = sm.segment_id join customers as live on live.id = sm.customer_id and live.deleted_at is null
       where g.key = any($1) and g.is_active and sm.customer_id > $2 and ($4::uuid[] is null or sm.customer_id = any($4)) group by 1 order by 1 limit $3`
    : `select live.id as customer_id, coalesce($1, '{}'::text[]) as segments from customers as live
       where live.id > $2 and live.id = any($4::uuid[]) and live.deleted_at is null order by 1 limit $3`
  const { rows } = await client.query<AudienceRow>(
    `select ${memberColumns}, m.segments ${grouped ? `, ${groupColumns('$5', '$6')}` : ''}
     from (${members}) as m
     join customers as c on c.id = m.customer_id left join customer_scores as sc on sc.customer_id = c.id
       ${grouped ? 'left join customer_reading as r on r.customer_id = c.id' : ''}
     order by c.id`,
    [segments, after, limit, customerIds, ...(grouped ? [grouped.at, adultSince(localDate(grouped.at, zone))] : [])],
  )
  return rows
}

const memberColumns = `c.id, c.name, c.first_name, c.email::text as email, c.phone, c.birth_date, c.age_status, c.email_consent, c.sms_consent, c.state, c.zip, c.time_zones, c.store_id,
  sc.avg_purchase_hour::float8 as usual_hour, sc.primary_category`

/**
 * A fixed share of each segment. The share somebody belongs to is a property of their id, so who is in a tenth is in a fifth as
 * well. In two steps: how few they are is not to be guessed from the memberships, and a wrong guess walks through all customers.
 */
async function findShare(
  client: ClientBase | Pool,
  { segments, customerIds, grouped }: AudienceQuery,
  shares: ReadonlyMap<string, number>,
  zone: string,
  after: string,
  limit: number,
): Promise<AudienceRow[]> {
  const own = segments!.map((key) => shares.get(key) ?? 1)
  const { rows: chosen } = await client.query<{ id: string; weight: number }>(
    `select sm.customer_id as id, 1 / max(t.share) as weight
     from unnest($1::text[], $2::float8[], $5::int[]) as t(key, share, places) join segments as g on g.key = t.key and g.is_active join segment_members as sm on sm.segment_id = g.id
     where ${idPlace('sm.customer_id')} < t.places and sm.customer_id > $3 and ($4::uuid[] is null or sm.customer_id = any($4)) group by 1`,
    [segments, own, after, customerIds, own.map(placesOf)],
  )
  const some = chosen.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit)
  const { rows } = await client.query<AudienceRow>(
    `select ${memberColumns}, m.segments, d.weight ${grouped ? `, ${groupColumns('$4', '$5')}` : ''}
     from unnest($1::uuid[], $2::float8[]) as d(id, weight)
     join customers as c on c.id = d.id and c.deleted_at is null left join customer_scores as sc on sc.customer_id = c.id
       ${grouped ? 'left join customer_reading as r on r.customer_id = c.id' : ''}
     join (
       select sm.customer_id, array_agg(g.key) as segments from segment_members as sm join segments as g on g.id = sm.segment_id
       where sm.customer_id = any($1) and g.key = any($3) group by 1
     ) as m on m.customer_id = c.id
     order by c.id`,
    [
      some.map((s) => s.id), some.map((s) => s.weight), segments,
      ...(grouped ? [grouped.at, adultSince(localDate(grouped.at, zone))] : []),
    ], // prettier-ignore
  )
  return rows
}

/** Which addresses of these people are on the suppression list, as "channel:address". */
async function findSuppressed(
  client: ClientBase | Pool,
  config: Pick<Config, 'secret'>,
  people: readonly AudienceRow[],
): Promise<Set<string>> {
  const { rows: any } = await client.query('select 1 from suppressions limit 1')
  if (any.length === 0) return new Set()
  const byHash = new Map<string, string>()
  for (const { email, phone } of people) {
    if (email) byHash.set(addressHash(config, 'email', email).toString('hex'), `email:${email.toLowerCase()}`)
    if (phone) byHash.set(addressHash(config, 'sms', phone).toString('hex'), `sms:${phone}`)
  }
  const { rows } = await client.query<{ channel: 'email' | 'sms' | 'all'; hash: string }>(
    `select s.channel, encode(s.address_hash, 'hex') as hash from suppressions as s where s.address_hash = any(select decode(h, 'hex') from unnest($1::text[]) as h)`,
    [[...byHash.keys()]],
  )
  const found = new Set<string>()
  for (const { channel, hash } of rows) {
    const address = byHash.get(hash)
    if (address && (channel === 'all' || address.startsWith(`${channel}:`))) found.add(address)
  }
  // Who complained on one channel is left alone on both: "all" holds for the person, not only for the address.
  for (const { channel, hash } of rows) {
    const person =
      channel === 'all'
        ? people.find(
            (p) => byHash.get(hash) === `email:${p.email?.toLowerCase()}` || byHash.get(hash) === `sms:${p.phone}`,
          )
        : undefined
    if (person?.email) found.add(`email:${person.email.toLowerCase()}`)
    if (person?.phone) found.add(`sms:${person.phone}`)
  }
  return found
}

/** Messages of other campaigns within a week of this one, waiting or gone. */
async function findContacts(
  client: ClientBase | Pool,
  ids: readonly string[],
  { weekStart, campaignId, coolDownDays = 0 }: AudienceQuery,
): Promise<Map<string, Contact[]>> {
  const { rows } = await client.query<Contact & { customer_id: string }>(
    `select sends.customer_id, coalesce(sends.sent_at, sends.due_at) as at, sends.channel from sends
     where sends.customer_id = any($1) and sends.campaign_id is distinct from $2::uuid and sends.status in ('pending', 'sent', 'delivered', 'unknown')
       -- a campaign is started at most some weeks ahead of its messages: older partitions need not be looked at
       and sends.id >= uuidv7_floor($3::timestamptz - interval '40 days')
       and sends.due_at >= $3::timestamptz - interval '8 days' and sends.due_at < $4::timestamptz + interval '9 days'`,
    [ids, campaignId, `${weekStart}T00:00:00Z`, `${addDays(weekStart, 7)}T00:00:00Z`],
  )
  const earlier = coolDownDays > 8 ? await findLastContact(client, ids, { weekStart, campaignId, coolDownDays }) : []
  const found = new Map<string, Contact[]>()
  addContacts(found, [...rows, ...earlier])
  return found
}

function addContacts(found: Map<string, Contact[]>, contacts: readonly (Contact & { customer_id: string })[]): void {
  for (const { customer_id, at, channel } of contacts) {
    const own = found.get(customer_id)
    if (own) own.push({ at, channel })
    else found.set(customer_id, [{ at, channel }])
  }
}

/** The last message of each before those of the weeks around the plan, as far back as the cool-down goes. */
async function findLastContact(
  client: ClientBase | Pool,
  ids: readonly string[],
  { weekStart, campaignId, coolDownDays }: Pick<AudienceQuery, 'weekStart' | 'campaignId'> & { coolDownDays: number },
): Promise<(Contact & { customer_id: string })[]> {
  const { rows } = await client.query<Contact & { customer_id: string }>(
    `select distinct on (sends.customer_id) sends.customer_id, coalesce(sends.sent_at, sends.due_at) as at, sends.channel from sends
     where sends.customer_id = any($1) and sends.campaign_id is distinct from $2::uuid and sends.status in ('sent', 'delivered', 'unknown')
       and sends.id >= uuidv7_floor($3::timestamptz - make_interval(days => $4 + 40))
       and sends.due_at >= $3::timestamptz - make_interval(days => $4) and sends.due_at < $3::timestamptz - interval '8 days'
     order by sends.customer_id, coalesce(sends.sent_at, sends.due_at) desc`,
    [ids, campaignId, `${weekStart}T00:00:00Z`, coolDownDays],
  )
  return rows
}
