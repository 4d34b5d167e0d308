import type { ClientBase } from 'pg'
import type { DeliveryEvent } from '#contract/feedback.ts'
import { classifyHit } from '#core/feedback/classify.ts'
import { sourcesOf, stateOf, type DeliveryFact, type SendState } from '#core/feedback/lattice.ts'
import type { Ctx } from '../context.ts'
import { appendEvents, type NewEvent } from '../events.ts'
import { closeAddresses, type Closing } from '../opt-out.ts'

/** Soft bounces within 30 days after which an address counts as dead. */
const softLimit = 3

interface Known {
  id: string
  customer_id: string | null
  campaign_id: string | null
  channel: 'email' | 'sms'
  recipient: string
  segment: string | null
  sent_at: Date | null
}

/**
 * Applies reports in the caller's transaction. Returns the campaigns they were about, and the ids of sends that do not
 * exist (yet).
 */
export async function applyEvents(
  ctx: Ctx,
  tx: ClientBase,
  events: readonly DeliveryEvent[],
): Promise<{ campaigns: Set<string>; missing: Set<string> }> {
  const ids = [...new Set(events.map((e) => e.send_id))]
  // Locked in the order of their ids, so that two batches never wait for each other.
  const { rows } = await tx.query<Known>(
    `select sends.id, sends.customer_id, sends.campaign_id, sends.channel, sends.recipient, sends.sent_at, segment_of(sends) as segment
     from sends where sends.id = any($1) and sends.id between $2 and $3 order by sends.id for no key update`,
    [ids, ...bounds(ids)],
  )
  const sends = new Map(rows.map((s) => [s.id, s]))
  const known = events.filter((e) => sends.has(e.send_id))
  await moveSends(tx, known)
  const hits = known.flatMap((e) =>
    e.kind === 'opened' || e.kind === 'clicked' ? [judged(e, sends.get(e.send_id)!)] : [],
  )
  await markHits(tx, hits)
  await appendEvents(tx, [
    ...known.flatMap((e) => factOf(e, sends.get(e.send_id)!)),
    ...hits.flatMap((h) => hitFacts(h, sends.get(h.event.send_id)!)),
  ])
  const closings = known.flatMap((e) => closingOf(e, sends.get(e.send_id)!))
  const worn = await wornOut(
    tx,
    known.filter((e) => e.kind === 'bounced' && e.hardness === 'soft').map((e) => sends.get(e.send_id)!),
    ctx.clock(),
  )
  await closeAddresses(tx, ctx.config, [...closings, ...worn], { source: 'provider_report' })
  return {
    campaigns: new Set(rows.flatMap((s) => s.campaign_id ?? [])),
    missing: new Set(ids.filter((id) => !sends.has(id))),
  }
}

// UUIDv7 ids carry their time: bounds let PostgreSQL look into one or two partitions instead of all.
function bounds(ids: readonly string[]): [string, string] {
  let least = ids[0] ?? '00000000-0000-0000-0000-000000000000'
  let greatest = least
  for (const id of ids) {
    if (id < least) least = id
    if (id > greatest) greatest = id
  }
  return [least, greatest]
}

/** One guarded statement per state, in the order of the lattice: late and repeated reports move nothing back. */
async function moveSends(tx: ClientBase, events: readonly DeliveryEvent[]): Promise<void> {
  for (const to of ['sent', 'delivered', 'bounced'] satisfies SendState[]) {
    const moved = events.filter((e) => stateOf(factKind(e)) === to)
    if (moved.length === 0) continue
    await tx.query(
      `update sends set status = $2, updated_at = now(),
         sent_at = coalesce(sends.sent_at, g.at),
         delivered_at = case when $2 = 'delivered' then coalesce(sends.delivered_at, g.at) else sends.delivered_at end,
         error_message = case when $2 = 'bounced' then coalesce(g.detail, sends.error_message) else sends.error_message end
       from (select distinct on (x.send_id) x.* from jsonb_to_recordset($1::jsonb) as x(send_id uuid, at timestamptz, detail text) order by x.send_id, x.at) as g
       where sends.id = g.send_id and sends.id between $4 and $5 and sends.status = any($3)`,
      [
        JSON.stringify(moved.map((e) => ({ send_id: e.send_id, at: e.at.toISOString(), detail: e.detail }))),
        to,
        sourcesOf(to),
        ...bounds(moved.map((e) => e.send_id)),
      ],
    )
  }
}

/** Who opens, clicks or unsubscribes has got the message. */
function factKind({ kind }: DeliveryEvent): DeliveryFact {
  return kind === 'opened' || kind === 'clicked' || kind === 'unsubscribed' ? 'delivered' : kind
}

function baseOf(event: DeliveryEvent, send: Known): Omit<NewEvent, 'type'> {
  return {
    at: event.at,
    sendId: send.id,
    customerId: send.customer_id,
    campaignId: send.campaign_id,
    channel: send.channel,
    segment: send.segment,
    properties: { provider: event.provider, code: event.code, detail: event.detail },
  }
}

function factOf(event: DeliveryEvent, send: Known): NewEvent[] {
  const base = baseOf(event, send)
  // A report that is faster than our own ledger, or settles a lost answer: `sent` is said here, and sent_at keeps the
  // ledger from saying it again.
  const sent: NewEvent[] = send.sent_at ? [] : [{ ...base, type: 'sent', key: `sent:${send.id}` }]
  switch (event.kind) {
    case 'accepted':
      return sent
    case 'deferred':
      return [{ ...base, type: 'deferred', key: `deferred:${event.provider}:${event.event_id}` }]
    case 'delivered':
      return [...sent, { ...base, type: 'delivered', key: `delivered:${send.id}` }]
    case 'bounced':
      return [
        ...sent,
        {
          ...base,
          type: 'bounce',
          key: `bounce:${send.id}`,
          properties: { ...base.properties, class: event.hardness },
        },
      ]
    case 'complained':
      return [...sent, { ...base, type: 'complaint', key: `complaint:${send.id}` }]
    case 'unsubscribed':
      return [...sent, { ...base, type: 'unsubscribe', key: `unsubscribe:${send.id}`, machine: false }]
    case 'opened':
    case 'clicked':
      return sent
  }
}

interface JudgedHit {
  event: Extract<DeliveryEvent, { kind: 'opened' | 'clicked' }>
  machine: boolean | null
  because: string
}

/** Providers know their scanners; for the rest our own rule decides, as for hits on our own links. */
function judged(event: JudgedHit['event'], send: Known): JudgedHit {
  if (event.machine === true) return { event, machine: true, because: 'the provider says so' }
  const { machine, because } = classifyHit({
    kind: event.kind === 'clicked' ? 'click' : 'open',
    method: 'GET',
    userAgent: event.user_agent,
    at: event.at,
    sentAt: send.sent_at,
    otherLinksJustNow: 0,
  })
  return { event, machine, because }
}

function hitFacts({ event, machine, because }: JudgedHit, send: Known): NewEvent[] {
  const base = { ...baseOf(event, send), machine, properties: { provider: event.provider, because } }
  const key = (kind: string): string => (machine === true ? `${kind}:machine:${send.id}` : `${kind}:${send.id}`)
  if (event.kind === 'opened') return [{ ...base, type: 'open', key: key('open') }]
  return [
    { ...base, type: 'click', key: key('click') },
    // Who clicks has read, even where pictures are blocked.
    ...(machine === true
      ? []
      : [{ ...base, type: 'open', key: key('open'), properties: { implied_by: 'click' } } as NewEvent]),
  ]
}

async function markHits(tx: ClientBase, hits: readonly JudgedHit[]): Promise<void> {
  const people = hits.filter((h) => h.machine !== true)
  if (people.length === 0) return
  await tx.query(
    `update sends set opened_at = coalesce(sends.opened_at, g.at), clicked_at = coalesce(sends.clicked_at, g.clicked), updated_at = now()
     from (select x.send_id, min(x.at) as at, min(x.at) filter (where x.clicked) as clicked
           from jsonb_to_recordset($1::jsonb) as x(send_id uuid, at timestamptz, clicked boolean) group by 1) as g
     where sends.id = g.send_id and sends.id between $2 and $3 and (sends.opened_at is null or (g.clicked is not null and sends.clicked_at is null))`,
    [
      JSON.stringify(
        people.map(({ event }) => ({ send_id: event.send_id, at: event.at, clicked: event.kind === 'clicked' })),
      ),
      ...bounds(people.map(({ event }) => event.send_id)),
    ],
  )
}

function closingOf(event: DeliveryEvent, send: Known): Closing[] {
  const closing = {
    channel: send.channel,
    address: send.recipient,
    customerId: send.customer_id,
    sendId: send.id,
    at: event.at,
  }
  if (event.kind === 'complained') return [{ ...closing, reason: 'complaint' }]
  if (event.kind === 'unsubscribed') return [{ ...closing, reason: 'unsubscribe' }]
  if (event.kind !== 'bounced') return []
  if (event.closes) return [{ ...closing, reason: event.closes }]
  return event.hardness === 'hard' ? [{ ...closing, reason: 'hard_bounce' }] : []
}

/** Addresses whose soft bounces reached the limit. */
async function wornOut(tx: ClientBase, sends: readonly Known[], now: Date): Promise<Closing[]> {
  const customers = [...new Set(sends.flatMap((s) => s.customer_id ?? []))]
  if (customers.length === 0) return []
  const { rows } = await tx.query<{ customer_id: string; channel: string }>(
    `select e.customer_id, e.channel from analytics_events as e
     where e.customer_id = any($1) and e.id >= uuidv7_floor($2) and e.event_type = 'bounce' and e.properties ->> 'class' = 'soft'
     group by e.customer_id, e.channel having count(*) >= $3`,
    [customers, new Date(now.getTime() - 30 * 86_400_000), softLimit],
  )
  return sends
    .filter((s) => rows.some((r) => r.customer_id === s.customer_id && r.channel === s.channel))
    .map((s) => ({
      channel: s.channel,
      address: s.recipient,
      customerId: s.customer_id,
      sendId: s.id,
      reason: 'hard_bounce',
      at: now,
    }))
}
