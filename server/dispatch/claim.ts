import { randomUUID } from 'node:crypto'
import type { ChannelKind } from '#core/delivery/message.ts'
import type { Variables } from '#core/delivery/template.ts'
import type { Offer } from '#core/planning/offer.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { addressHash } from '../suppression.ts'
import type { Worker } from './liveness.ts'
import { readSaid } from './said.ts'

/** A send this worker holds, with all that the gate and the composer ask for. */
export interface ClaimedSend {
  id: string
  batch_id: string
  campaign_id: string | null
  campaign_end: string
  resend_unknown: boolean
  segment: string | null
  offer: Offer | null
  channel: ChannelKind
  recipient: string
  /** of the recipient, as suppressions know it */
  address_hash: Buffer
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

/** How far a worker has claimed through a campaign in the order of due time: what lies before it is sent or leased. */
export interface Mark {
  dueAt: Date
  id: string
}

/** A running campaign with something to send; `since`: no send of it is older. */
export interface DueCampaign {
  id: string
  since: Date
}

/** Running campaigns that have something to send now over this channel, other than those in `except`. */
export async function dueCampaigns(
  ctx: Ctx,
  channel: ChannelKind,
  campaignId: string | null,
  except: readonly string[],
): Promise<DueCampaign[]> {
  return withTx(ctx.pool, async (tx) => {
    // Asked every second: planning it over all months takes ten times as long as looking. The order leaves the kept plan
    // nothing but the index of what is due, whatever the campaign looks like.
    await tx.query(
      'set local plan_cache_mode = force_generic_plan; set local enable_sort = off; set local enable_seqscan = off; set local jit = off',
    )
    const { rows } = await tx.query<DueCampaign>({
      name: 'dispatch-due-campaigns',
      text: `select c.id, c.since from (
        -- a month more than there can be: it only keeps the search out of months long gone
        select x.*, least(x.created_at, x.started_at, x.start_date::timestamptz) - interval '1 month' as since from campaigns as x
      ) as c cross join lateral (
        select 1 from sends as s where s.campaign_id = c.id and s.channel = $1 and s.status = 'pending' and s.due_at <= $2 and s.window_end > $2
          and s.id >= uuidv7_floor(c.since)
        order by s.due_at, s.id limit 1) as one
      where c.status = 'active' and (c.hold_until is null or c.hold_until <= $2) and ($3::uuid is null or c.id = $3) and c.id <> all($4::uuid[]) order by c.id`,
      values: [channel, ctx.clock(), campaignId, except],
    })
    return rows
  })
}

/**
 * Leases up to `limit` due sends of a running campaign to this worker: one row that names them. The sends are not
 * touched. Whoever dies with a lease loses it, whoever asks at the same time waits a moment and gets others. `after`
 * skips what this worker has already been through; without it the search steps over everything that was sent before.
 */
export async function claimBatch(
  ctx: Ctx,
  worker: Worker,
  channel: ChannelKind,
  { id: campaignId, since }: DueCampaign,
  limit: number,
  after: Mark | null,
): Promise<ClaimedSend[]> {
  const batchId = randomUUID()
  const now = ctx.clock()
  // Whatever the clocks say, nothing was written down a month from now.
  const until = new Date(Math.max(now.getTime(), Date.now()) + 30 * 86_400_000)
  return withTx(ctx.pool, async (tx) => {
    // Due sends lie in the order of their index: a planner that thinks there are few would read all to sort them.
    // Ruling out sorts makes the plan look so dear that the server would compile it, for seconds. Planned each time: the
    // bounds leave a few months to look at, and a plan made while a table was small would be kept for ever.
    await tx.query(
      'set local enable_sort = off; set local enable_seqscan = off; set local jit = off; set local plan_cache_mode = force_custom_plan',
    )
    // A statement of its own: the next one must see what the last holder of the lock has leased.
    await tx.query({
      name: 'dispatch-claim-lock',
      text: `select pg_advisory_xact_lock(hashtextextended('claim ' || $1 || $2, 7))`,
      values: [campaignId, channel],
    })
    const { rows } = await tx.query<Row>({
      name: 'dispatch-claim',
      text: claimSql,
      values: [
        campaignId,
        channel,
        now,
        limit,
        batchId,
        worker.id,
        worker.lockKey,
        after?.dueAt ?? '-infinity',
        after?.id ?? '00000000-0000-0000-0000-000000000000',
        since,
        until,
        new Date(now.getTime() - 60 * 86_400_000),
      ],
    })
    if (rows.length === 0) return []
    const campaigns = await tx.query<Pick<ClaimedSend, 'campaign_end' | 'resend_unknown'>>({
      name: 'dispatch-claim-campaign',
      text: 'select c.end_date as campaign_end, c.resend_unknown from campaigns as c where c.id = $1',
      values: [campaignId],
    })
    const said = await readSaid(tx, rows)
    const shared = { ...campaigns.rows[0]!, batch_id: batchId, campaign_id: campaignId, channel }
    return rows.map(
      ({
        age_status,
        birth_date,
        email_consent,
        sms_consent,
        state,
        time_zones,
        entry_id,
        text_id,
        variables,
        ...send
      }) => ({
        ...send,
        ...(entry_id === null ? null : said.entries.get(entry_id)),
        ...shared,
        variables: text_id === null ? variables : { ...said.texts.get(text_id), ...variables },
        address_hash: addressHash(ctx.config, channel, send.recipient),
        person: age_status && {
          birth_date,
          age_status,
          email_consent,
          sms_consent,
          state,
          time_zones: time_zones ? time_zones.split(' ') : [],
        },
      }),
    )
  })
}

type Person = NonNullable<ClaimedSend['person']>
type Row = Omit<
  ClaimedSend,
  'person' | 'address_hash' | 'batch_id' | 'campaign_id' | 'campaign_end' | 'resend_unknown' | 'channel'
> &
  Pick<Person, 'birth_date' | 'email_consent' | 'sms_consent' | 'state'> & {
    /** null: the customer was erased */
    age_status: Person['age_status'] | null
    time_zones: string
    entry_id: string | null
    text_id: string | null
  }

const claimSql = `with in_flight as (
    select unnest(b.send_ids) as id from send_batches as b where b.closed_at is null
  ), due as materialized (
    select s.id, s.action_id, s.entry_id, s.text_id, s.customer_id, s.recipient, s.template_id, s.variables, s.due_at, s.window_end, s.retry_count
    from sends as s
    where s.campaign_id = $1 and s.channel = $2 and s.status = 'pending' and s.due_at <= $3 and s.window_end > $3
      and (s.due_at, s.id) > ($8::timestamptz, $9::uuid) and s.id between uuidv7_floor($10) and uuidv7_floor($11) and s.id not in (select f.id from in_flight as f)
      and exists (select 1 from campaigns as c where c.id = $1 and c.status = 'active' and (c.hold_until is null or c.hold_until <= $3))
    order by s.due_at, s.id limit $4
  ), lease as (
    insert into send_batches (id, campaign_id, worker_id, lock_key, size, leased_until, lease_form, send_ids)
    select $5, $1, $6, $7, count(*), now() + make_interval(secs => ${leaseSeconds}), 1, array_agg(due.id) from due having count(*) > 0
  ), earlier as (
    -- What these customers got in the last seven days, and what is on its way to them.
    select x.customer_id, x.id, x.channel, x.sent_at, x.status in ('sent', 'delivered') as has_left from sends as x
    where x.customer_id = any(array(select due.customer_id from due)) and x.id between uuidv7_floor($12) and uuidv7_floor($11)
      and ((x.status in ('sent', 'delivered') and x.sent_at > $3::timestamptz - interval '7 days')
        or (x.status = 'unknown' and x.updated_at > now() - interval '7 days')
        or (x.status = 'pending' and x.id in (select f.id from in_flight as f union all select due.id from due)))
  ), history as (
    -- Of messages in flight only the older ones count, so that two at once do not block each other.
    select due.id, count(*) as week, count(*) filter (where e.channel = 'sms') as sms_week,
      count(*) filter (where e.channel = 'sms' and (e.sent_at is null or e.sent_at > $3::timestamptz - interval '24 hours')) as sms_day
    from due join earlier as e on e.customer_id = due.customer_id and e.id <> due.id and (e.has_left or e.id < due.id)
    group by due.id
  )
  select t.id, t.entry_id, t.text_id, a.segment, a.offer, t.recipient, t.template_id, t.variables, t.due_at, t.window_end, t.retry_count, t.customer_id, cu.store_id,
    -- null: erased. Plain text: an object built for each row costs more than finding it.
    cu.age_status, cu.birth_date, cu.email_consent, cu.sms_consent, cu.state, array_to_string(cu.time_zones, ' ') as time_zones,
    coalesce(h.week, 0)::int as sent_week, coalesce(h.sms_week, 0)::int as sent_sms_week, coalesce(h.sms_day, 0)::int as sent_sms_day
  from due as t
  left join customers as cu on cu.id = t.customer_id and cu.deleted_at is null
  -- of messages that are not their own action (docs/decisions/0044)
  left join actions as a on a.id = t.action_id
  left join history as h on h.id = t.id
  order by t.due_at, t.id`

/** Keeps the leases of batches in work; a worker that hangs lets them run out. */
export async function renewLeases(ctx: Ctx, batchIds: readonly string[]): Promise<void> {
  if (batchIds.length === 0) return
  await ctx.pool.query(
    `update send_batches set leased_until = now() + make_interval(secs => ${leaseSeconds}) where id = any($1::uuid[]) and closed_at is null`,
    [batchIds],
  )
}
