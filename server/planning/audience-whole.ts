import type { PoolClient } from 'pg'
import { addDays, localDate } from '#core/calendar.ts'
import type { Wishes } from '#core/compliance/wishes.ts'
import { pressureDays } from '#core/planning/groups.ts'
import type { Config } from '../config.ts'
import { readSetting } from '../settings.ts'
import {
  addPaced,
  memberMaker,
  streamAudience,
  type AudienceMember,
  type AudienceQuery,
  type AudienceRow,
  type Contact,
} from './audience.ts'
import { adultSince, groupColumns } from './groups.ts'

const chunkSize = 5000

interface WholeRow extends AudienceRow {
  /** bit n: the customer is in the n-th segment of the block */
  blocks: string[]
  recent: number | null
  contact_ms: number[] | null
  contact_channels: Contact['channel'][] | null
  last_email: Date | null
  last_sms: Date | null
  has_wishes: boolean
  topics_off: Wishes['topics_off']
  every_days: number | null
  paused_until: Wishes['paused_until']
}

/**
 * The same people as `streamAudience`, for whoever walks through all of them: one statement joins whole tables and a cursor
 * reads it, where asking for each five thousand by their ids takes several times as long. In no order, and only for members
 * of segments; a list of customers is asked for by id.
 */
export async function* streamWhole(
  tx: PoolClient,
  config: Pick<Config, 'secret'>,
  query: AudienceQuery,
): AsyncGenerator<AudienceMember[]> {
  const { grouped } = query
  if (query.segments === null || query.customerIds !== null || !grouped) {
    yield* streamAudience(tx, config, query)
    return
  }
  const membersOf = await memberMaker(tx, config, query)
  const segmentsOf = blockReader(query.segments)
  const { time_zone: zone } = await readSetting(tx, 'shop')
  const coolDown = (query.coolDownDays ?? 0) > 8 ? query.coolDownDays! : 8
  // All rows are wanted: the planner thinks of cursors that only the first will be read, and of tables nobody has analysed yet that
  // they hold next to nothing. Customers and what is known of them lie in one order, that of their ids: merging takes two thirds
  // of what five hash tables of a million rows take, and none of their memory.
  await tx.query(
    `select set_config('work_mem', '256MB', true), set_config('cursor_tuple_fraction', '1', true), set_config('jit', 'off', true), set_config('enable_nestloop', 'off', true), set_config('enable_hashjoin', 'off', true)`,
  )
  await tx.query(`declare audience no scroll cursor for ${wholeSql(query.segments.length)}`, [
    query.segments,
    grouped.at,
    adultSince(localDate(grouped.at, zone)),
    query.campaignId,
    `${query.weekStart}T00:00:00Z`,
    `${addDays(query.weekStart, 7)}T00:00:00Z`,
    coolDown,
  ])
  await tx.query('set local enable_nestloop to default; set local enable_hashjoin to default')
  for (;;) {
    const { rows } = await tx.query<WholeRow>(`fetch ${chunkSize} from audience`)
    if (rows.length > 0) {
      const contacts = new Map<string, Contact[]>()
      const wishes = new Map<string, Wishes>()
      for (const r of rows) {
        r.segments = segmentsOf(r.blocks)
        const own = contactsOf(r)
        if (own.length > 0) contacts.set(r.id, own)
        const { topics_off, every_days, paused_until } = r
        if (r.has_wishes) wishes.set(r.id, { topics_off, every_days, paused_until })
      }
      await addPaced(tx, contacts, wishes, query)
      yield await membersOf(rows, { wishes, contacts, recent: new Map(rows.map((r) => [r.id, r.recent ?? 0])) })
    }
    if (rows.length < chunkSize) break
  }
  await tx.query('close audience')
}

/** The names behind the bits; customers of the same segments share one list. */
function blockReader(keys: readonly string[]): (blocks: readonly string[]) => string[] {
  const known = new Map<string, string[]>()
  return (blocks) => {
    const mask = blocks.join()
    let found = known.get(mask)
    if (!found) {
      const bits = blocks.map(BigInt)
      found = keys.filter((_, i) => (bits[Math.floor(i / perBlock)]! >> BigInt(i % perBlock)) & 1n)
      known.set(mask, found)
    }
    return found
  }
}

function contactsOf(r: WholeRow): Contact[] {
  const own = (r.contact_ms ?? []).map((ms, i): Contact => ({ at: new Date(ms), channel: r.contact_channels![i]! }))
  if (r.last_email) own.push({ at: r.last_email, channel: 'email' })
  if (r.last_sms) own.push({ at: r.last_sms, channel: 'sms' })
  return own
}

/** around the week: what caps count; before that, as far as a cool-down goes, only the last one counts */
const isNear = `s.status in ('pending', 'sent', 'delivered', 'unknown') and s.campaign_id is distinct from $4::uuid
  and s.due_at >= $5::timestamptz - interval '8 days' and s.due_at < $6::timestamptz + interval '9 days'`
const isEarlier = `s.status in ('sent', 'delivered', 'unknown') and s.campaign_id is distinct from $4::uuid
  and s.due_at >= $5::timestamptz - make_interval(days => $7) and s.due_at < $5::timestamptz - interval '8 days'`
const isRecent = `s.status in ('sent', 'delivered') and s.sent_at > $2::timestamptz - interval '${pressureDays} days' and s.sent_at <= $2::timestamptz`

/** As many segments as fit into a number of JavaScript. */
const perBlock = 50

// A bit for each segment instead of an array of names: the planner takes arrays for so large that it would group a million
// customers on disk.
const wholeSql = (segments: number): string => `with asked as (
    select g.id, 1::bigint << ((p.place - 1) % ${perBlock})::int as bit, (p.place - 1) / ${perBlock} as block
    from unnest($1::text[]) with ordinality as p(key, place) join segments as g on g.key = p.key and g.is_active
  ), belongs as (
    select sm.customer_id, array[${Array.from({ length: Math.ceil(segments / perBlock) }, (_, n) =>
      segments <= perBlock ? 'bit_or(asked.bit)' : `coalesce(bit_or(asked.bit) filter (where asked.block = ${n}), 0)`,
    ).join()}] as blocks
    from segment_members as sm join asked on asked.id = sm.segment_id group by 1
  ), heard as (
    select s.customer_id, (count(*) filter (where ${isRecent}))::int as recent,
      array_agg((extract(epoch from coalesce(s.sent_at, s.due_at)) * 1000)::float8) filter (where ${isNear}) as contact_ms,
      array_agg(s.channel) filter (where ${isNear}) as contact_channels,
      max(coalesce(s.sent_at, s.due_at)) filter (where ${isEarlier} and s.channel = 'email') as last_email,
      max(coalesce(s.sent_at, s.due_at)) filter (where ${isEarlier} and s.channel = 'sms') as last_sms
    from sends as s
    -- a campaign is started at most some weeks ahead of its messages: older partitions need not be looked at
    where s.customer_id is not null and s.id >= uuidv7_floor(least($2::timestamptz - interval '${pressureDays} days', $5::timestamptz - make_interval(days => $7)) - interval '40 days')
      and s.status in ('pending', 'sent', 'delivered', 'unknown')
    group by 1
  )
  select c.id, null as name, c.first_name, c.email::text as email, c.phone, c.birth_date, c.age_status, c.email_consent, c.sms_consent, c.state, c.zip, c.time_zones, c.store_id,
    sc.avg_purchase_hour::float8 as usual_hour, sc.primary_category, b.blocks, ${groupColumns('$2', '$3')},
    h.recent, h.contact_ms, h.contact_channels, h.last_email, h.last_sms, p.customer_id is not null as has_wishes, p.topics_off, p.every_days, p.paused_until
  from belongs as b join customers as c on c.id = b.customer_id and c.deleted_at is null
  left join customer_scores as sc on sc.customer_id = c.id left join customer_reading as r on r.customer_id = c.id
  left join heard as h on h.customer_id = c.id left join customer_preferences as p on p.customer_id = c.id`
