import { randomUUID } from 'node:crypto'
import type { ChannelKind } from '#core/delivery/message.ts'
import type { Variables } from '#core/delivery/template.ts'
import type { Offer } from '#core/planning/offer.ts'
import type { Ctx } from '../context.ts'
import type { Worker } from './liveness.ts'

/** A send this worker holds, with all that the gate and the composer ask for. */
export interface ClaimedSend {
  id: string
  batch_id: string
  campaign_id: string | null
  campaign_end: string
  resend_unknown: boolean
  action_id: string | null
  segment: string | null
  offer: Offer | null
  channel: ChannelKind
  recipient: string
  template_id: string | null
  variables: Variables
  due_at: Date
  window_end: Date
  retry_count: number
  customer_id: string | null
  /** null when the customer was erased */
  person: {
    birth_date: string | null
    age_status: 'dob_verified' | 'attested' | 'unknown' | 'under_age'
    email_consent: 'granted' | 'denied' | 'unknown'
    sms_consent: 'granted' | 'denied' | 'unknown'
    state: string | null
    time_zones: string[]
  } | null
  store_id: string | null
  sent_week: number
  sent_sms_week: number
  /** texts of the last 24 hours */
  sent_sms_day: number
}

/** The store the plan chose, else the customer's own. */
export function storeOf(send: Pick<ClaimedSend, 'variables' | 'store_id'>): string | null {
  return typeof send.variables['store_id'] === 'string' ? send.variables['store_id'] : send.store_id
}

const leaseSeconds = 60

/** Running campaigns that have something to send now over this channel. */
export async function dueCampaigns(ctx: Ctx, channel: ChannelKind, campaignId: string | null): Promise<string[]> {
  const { rows } = await ctx.pool.query<{ id: string }>({
    name: 'dispatch-due-campaigns',
    text: `select c.id from campaigns as c
      where c.status = 'active' and ($3::uuid is null or c.id = $3) and exists (
        select 1 from sends as s where s.campaign_id = c.id and s.channel = $1 and s.status = 'pending' and s.due_at <= $2 and s.window_end > $2)
      order by c.id`,
    values: [channel, ctx.clock(), campaignId],
  })
  return rows.map((row) => row.id)
}

/**
 * Leases up to `limit` due sends of a running campaign to this worker, in one statement: whoever dies with them loses
 * the lease, whoever asks at the same time gets others.
 */
export async function claimBatch(
  ctx: Ctx,
  worker: Worker,
  channel: ChannelKind,
  campaignId: string,
  limit: number,
): Promise<ClaimedSend[]> {
  const batchId = randomUUID()
  const { rows } = await ctx.pool.query<ClaimedSend>({
    text: `with due as (
        select s.id from sends as s
        where s.campaign_id = $1 and s.channel = $2 and s.status = 'pending' and s.due_at <= $3 and s.window_end > $3
        order by s.due_at limit $4 for update skip locked
      ), taken as (
        update sends as s set status = 'claimed', batch_id = $5, updated_at = now()
        where s.id = any(array(select due.id from due)) and s.status = 'pending'
          and exists (select 1 from campaigns as c where c.id = $1 and c.status = 'active')
        returning s.id, s.action_id, s.customer_id, s.recipient, s.template_id, s.variables, s.due_at, s.window_end, s.retry_count
      ), lease as (
        insert into send_batches (id, campaign_id, worker_id, lock_key, size, leased_until)
        select $5, $1, $6, $7, count(*), now() + make_interval(secs => ${leaseSeconds}) from taken having count(*) > 0
      )
      select t.id, $5::uuid as batch_id, c.id as campaign_id, c.end_date as campaign_end, c.resend_unknown, t.action_id, a.segment, a.offer,
        $2 as channel, t.recipient, t.template_id, t.variables, t.due_at, t.window_end, t.retry_count, t.customer_id, cu.store_id,
        case when cu.id is not null then jsonb_build_object('birth_date', cu.birth_date, 'age_status', cu.age_status, 'email_consent', cu.email_consent,
          'sms_consent', cu.sms_consent, 'state', cu.state, 'time_zones', cu.time_zones) end as person,
        coalesce(h.week, 0)::int as sent_week, coalesce(h.sms_week, 0)::int as sent_sms_week, coalesce(h.sms_day, 0)::int as sent_sms_day
      from taken as t
      join campaigns as c on c.id = $1
      left join customers as cu on cu.id = t.customer_id and cu.deleted_at is null
      left join actions as a on a.id = t.action_id
      -- What the customer got in the last seven days; of messages in flight only the older ones count, so that two at once do not block each other.
      left join lateral (
        select count(*) as week, count(*) filter (where x.channel = 'sms') as sms_week,
          count(*) filter (where x.channel = 'sms' and (x.sent_at is null or x.sent_at > $3::timestamptz - interval '24 hours')) as sms_day
        from sends as x
        where x.customer_id = t.customer_id and x.id > uuidv7_floor($3::timestamptz - interval '60 days') and x.id <> t.id
          and ((x.status in ('sent', 'delivered') and x.sent_at > $3::timestamptz - interval '7 days')
            or (x.status in ('claimed', 'unknown') and x.updated_at > now() - interval '7 days' and x.id < t.id))
      ) as h on true
      order by t.due_at, t.id`,
    values: [campaignId, channel, ctx.clock(), limit, batchId, worker.id, worker.lockKey],
  })
  return rows
}

/** Keeps the leases of batches in work; a worker that hangs lets them run out. */
export async function renewLeases(ctx: Ctx, batchIds: readonly string[]): Promise<void> {
  if (batchIds.length === 0) return
  await ctx.pool.query(
    `update send_batches set leased_until = now() + make_interval(secs => ${leaseSeconds}) where id = any($1::uuid[]) and closed_at is null`,
    [batchIds],
  )
}
