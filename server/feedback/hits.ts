import type { ClientBase } from 'pg'
import { burstMs, classifyHit } from '#core/feedback/classify.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { appendEvents, type NewEvent } from '../events.ts'
import { withdrawClicks } from '../reclassify.ts'
import { figuresChanged } from './notify.ts'

export interface TrackedHit {
  kind: 'open' | 'click'
  sendId: string
  linkId: string | null
  method: string
  userAgent: string | null
}

interface SendFacts {
  customer_id: string | null
  campaign_id: string | null
  channel: string
  segment: string | null
  sent_at: Date | null
}

/**
 * Records a hit on a pixel or link. Every hit is kept (`open_hit`, `click_hit`; the same link within 2 s is one), and
 * `open` and `click` are appended once per send for people and once for machines: those are what figures count.
 */
export async function recordHit(ctx: Ctx, hit: TrackedHit): Promise<void> {
  const at = ctx.clock()
  const campaignId = await withTx(ctx.pool, async (tx) => {
    const send = await lockSend(tx, hit.sendId)
    if (!send) return null
    const since = new Date(at.getTime() - burstMs)
    const recent = await recentHits(tx, hit, since)
    const others = new Set(recent.filter((r) => r.link !== hit.linkId).map((r) => r.link)).size
    const { machine, because } = classifyHit({
      kind: hit.kind,
      method: hit.method,
      userAgent: hit.userAgent,
      at,
      sentAt: send.sent_at,
      otherLinksJustNow: others,
    })
    if (recent.some((r) => r.link === hit.linkId && r.machine === machine)) return null
    const base: Omit<NewEvent, 'type'> = {
      at,
      sendId: hit.sendId,
      customerId: send.customer_id,
      campaignId: send.campaign_id,
      channel: send.channel,
      segment: send.segment,
      machine,
    }
    if (hit.kind === 'click' && others > 0) await withdrawClicks(tx, hit.sendId, since)
    const key = (kind: string): string => (machine === true ? `${kind}:machine:${hit.sendId}` : `${kind}:${hit.sendId}`)
    const events: NewEvent[] = [
      { ...base, type: `${hit.kind}_hit`, properties: { because, ...(hit.linkId ? { link: hit.linkId } : {}) } },
      { ...base, type: hit.kind, key: key(hit.kind) },
    ]
    // Who clicks has read, even where pictures are blocked.
    if (hit.kind === 'click' && machine !== true)
      events.push({ ...base, type: 'open', key: key('open'), properties: { implied_by: 'click' } })
    await appendEvents(tx, events)
    if (machine !== true) {
      await tx.query(
        `update sends set opened_at = coalesce(sends.opened_at, $2), clicked_at = case when $3 then coalesce(sends.clicked_at, $2) else sends.clicked_at end, updated_at = now()
         where sends.id = $1 and (sends.opened_at is null or ($3 and sends.clicked_at is null))`,
        [hit.sendId, at, hit.kind === 'click'],
      )
    }
    return send.campaign_id
  })
  figuresChanged(ctx, campaignId)
}

/** Hits of one send are handled one after the other. */
async function lockSend(tx: ClientBase, sendId: string): Promise<SendFacts | null> {
  const { rows } = await tx.query<SendFacts>(
    `select sends.customer_id, sends.campaign_id, sends.channel, sends.sent_at, segment_of(sends) as segment
     from sends where sends.id = $1 for no key update`,
    [sendId],
  )
  return rows[0] ?? null
}

async function recentHits(
  tx: ClientBase,
  hit: TrackedHit,
  since: Date,
): Promise<{ link: string | null; machine: boolean | null }[]> {
  const { rows } = await tx.query<{ link: string | null; machine: boolean | null }>(
    // The last words say nothing new: by them PostgreSQL knows that the index by message holds all of these.
    `select e.properties ->> 'link' as link, e.machine from analytics_events as e
     where e.send_id = $1 and e.id >= uuidv7_floor($3) and e.occurred_at > $3 and e.event_type = $2 and e.event_type <> 'sent'`,
    [hit.sendId, `${hit.kind}_hit`, since],
  )
  return rows
}

/** The stored address of a link; null when there is none: nothing else is ever redirected to. */
export async function findLink(ctx: Ctx, linkId: string): Promise<string | null> {
  const { rows } = await ctx.pool.query<{ url: string }>('select links.url from links where links.id = $1', [linkId])
  return rows[0]?.url ?? null
}
