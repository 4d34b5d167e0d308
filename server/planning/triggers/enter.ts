import type { ClientBase } from 'pg'
import { addDays, localDate } from '#core/calendar.ts'
import { birthdaysBetween, type Trigger, type TriggerEvent } from '#core/planning/trigger.ts'

/**
 * Events become visible a little after the moment they carry: a transaction commits late, an import takes its time. So
 * each look begins so much before the last one ended; nobody is caught twice, the event has a key.
 */
const overlapMs = 3_600_000
const dayMs = 86_400_000

interface Found {
  /** selects customer_id, event_key, event_at */
  sql: string
  values: unknown[]
}

/**
 * Catches everybody to whom it happened between `from` and `to`. In the caller's transaction. Returns how many are new.
 * @param startedAt of the campaign: what happened before is past, however far the overlap looks back
 * @param zone of the shop: days begin there
 */
export async function enter(
  tx: ClientBase,
  campaignId: string,
  trigger: Trigger,
  { from, to, startedAt, zone }: { from: Date; to: Date; startedAt: Date; zone: string },
): Promise<number> {
  const found = happened(trigger.event, { from: new Date(from.getTime() - overlapMs), to, zone, start: from })
  if (!found) return 0
  const n = found.values.length
  const { rowCount } = await tx.query(
    `insert into trigger_entries (campaign_id, customer_id, event_key, event_at, ready_at)
     select distinct on (h.customer_id) $${n + 1}::uuid, h.customer_id, h.event_key, h.event_at, greatest(h.event_at, $${n + 4}) + make_interval(hours => $${n + 2})
     from (${found.sql}) as h join customers as c on c.id = h.customer_id and c.deleted_at is null
     where h.event_at >= $${n + 5} and not exists (
       select from trigger_entries as t where t.campaign_id = $${n + 1} and t.customer_id = h.customer_id
         and (t.event_key = h.event_key or t.status = 'waiting' or ($${n + 3}::int is null and t.status <> 'exited')
           or t.event_at > h.event_at - make_interval(days => $${n + 3}::int) and t.status <> 'exited'))
     order by h.customer_id, h.event_at
     on conflict do nothing`,
    [
      ...found.values,
      campaignId,
      trigger.delay_hours,
      trigger.rest_days,
      from,
      // A birthday is a whole day, and the days to look at are chosen already.
      trigger.event.on === 'birthday' ? '-infinity' : startedAt,
    ],
  )
  return rowCount ?? 0
}

/** How many the trigger would have caught in a stretch of the past; the same question, asked without writing. */
export async function countHappened(
  client: ClientBase,
  event: TriggerEvent,
  { from, to, zone }: { from: Date; to: Date; zone: string },
): Promise<number> {
  const found = happened(event, { from, to, zone, start: from })
  if (!found) return 0
  const { rows } = await client.query<{ n: number }>(
    `select count(distinct h.customer_id) as n from (${found.sql}) as h join customers as c on c.id = h.customer_id and c.deleted_at is null`,
    found.values,
  )
  return rows[0]?.n ?? 0
}

function happened(
  event: TriggerEvent,
  { from, to, zone, start }: { from: Date; to: Date; zone: string; start: Date },
): Found | null {
  switch (event.on) {
    case 'segment_entered':
      return {
        sql: `select e.customer_id, 'entered ' || e.id as event_key, e.occurred_at as event_at from analytics_events as e
          where e.campaign_id is null and e.event_type = 'segment_entered' and e.segment = $1 and e.customer_id is not null
            and e.id >= uuidv7_floor($2) and e.id < uuidv7_floor($3)`,
        values: [event.segment, from, to],
      }
    case 'welcome':
      return {
        sql: `select c.id as customer_id, 'joined' as event_key, c.created_at as event_at from customers as c
          where c.created_at >= $1 and c.created_at < $2 and c.import_id is null and not c.is_demo`,
        values: [from, to],
      }
    case 'no_order':
      return {
        sql: `select s.customer_id, 'quiet since ' || to_char(s.last_purchase_at at time zone 'UTC', 'YYYY-MM-DD') as event_key,
            s.last_purchase_at + make_interval(days => $3) as event_at from customer_scores as s
          where s.last_purchase_at > $1 and s.last_purchase_at <= $2`,
        values: [
          new Date(from.getTime() - (event.days + 1) * dayMs),
          new Date(to.getTime() - event.days * dayMs),
          event.days,
        ],
      }
    case 'replenishment_due':
      return {
        sql: `select s.customer_id, 'due after ' || to_char(s.last_purchase_at at time zone 'UTC', 'YYYY-MM-DD') as event_key, s.next_purchase_at as event_at
          from customer_scores as s where s.next_purchase_at > $1 and s.next_purchase_at <= $2 and s.last_purchase_at < s.next_purchase_at`,
        values: [new Date(from.getTime() - dayMs), to],
      }
    case 'birthday': {
      // Days, not moments: a look on the same day finds nothing new.
      const days = birthdaysBetween(localDate(start, zone), localDate(to, zone), event.days_before)
      if (days.length === 0) return null
      return {
        sql: `select c.id as customer_id, 'birthday ' || left(d.birthday, 4) as event_key, (d.birthday::date - $3::int)::timestamp at time zone $4 as event_at
          from unnest($1::text[], $2::text[]) as d(month_day, birthday) join customers as c on to_char(c.birth_date, 'MM-DD') = d.month_day
          where c.birth_date <= d.birthday::date - interval '21 years'`,
        values: [days.map((d) => d.month_day), days.map((d) => d.birthday), event.days_before, zone],
      }
    }
  }
}

/** Ends the waiting of those to whom an exit happened. */
export async function takeExits(tx: ClientBase, campaignId: string, trigger: Trigger, now: Date): Promise<number> {
  let left = 0
  const close = async (because: string, condition: string, values: unknown[] = []): Promise<void> => {
    const { rowCount } = await tx.query(
      `update trigger_entries as t set status = 'exited', because = $2, decided_at = $3
       where t.campaign_id = $1 and t.status = 'waiting' and ${condition}`,
      [campaignId, because, now, ...values],
    )
    left += rowCount ?? 0
  }
  if (trigger.exits.includes('ordered'))
    await close(
      'ordered',
      'exists (select from orders as o where o.customer_id = t.customer_id and o.ordered_at > t.event_at and o.ordered_at <= $3)',
    )
  if (trigger.exits.includes('left_segment') && trigger.event.on === 'segment_entered')
    await close(
      'left_segment',
      'not exists (select from segment_members as m join segments as g on g.id = m.segment_id where g.key = $4 and m.customer_id = t.customer_id)',
      [trigger.event.segment],
    )
  return left
}

/** The first look of a campaign begins here: what happened before its start is past. A birthday is a whole day. */
export function firstLook(trigger: Pick<Trigger, 'event'>, now: Date, zone: string): Date {
  return trigger.event.on === 'birthday' ? new Date(Date.parse(`${addDays(localDate(now, zone), -1)}T12:00:00Z`)) : now
}
