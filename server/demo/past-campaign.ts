import { addDays, instantOf } from '#core/calendar.ts'
import { withTx } from '#db/pool.ts'
import { systemActor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { refreshCampaignCounters } from '../counters.ts'
import { appendEvents, type NewEvent } from '../events.ts'
import { attributeOrders } from '../feedback/attribute.ts'
import { closeAddresses, type Closing } from '../opt-out.ts'
import { approveCampaign } from '../planning/approve.ts'
import { generatePlan } from '../planning/generate.ts'
import { startCampaign } from '../planning/materialise.ts'
import { scoreCustomers } from '../scoring/score.ts'
import { insertOrders } from './insert-orders.ts'
import { demoZone, type DemoOrder } from './orders.ts'
import type { DemoCustomer } from './people.ts'
import type { Chance } from './random.ts'

export interface DemoShop {
  people: DemoCustomer[]
  /** latest order of each customer, by customer id */
  latest: Map<string, DemoOrder>
}

interface PastSend {
  id: string
  customer_id: string
  channel: 'email' | 'sms'
  recipient: string
  due_at: Date
  segment: string
}

const minute = 60_000
const day = 86_400_000

/**
 * Plays a finished week: the real pipeline plans and starts it on a clock set back to the Friday before, then the
 * customers' side is drawn at the rates of facts/science.md §5 and §8.1 (opens 25-30 %, clicks a few percent,
 * unsubscribes .2 %), with the extra orders that make a holdout comparison worth looking at.
 */
export async function playPastCampaign(
  ctx: Ctx,
  chance: Chance,
  shop: DemoShop,
  campaign: { name: string; week: string },
): Promise<void> {
  const planned = instantOf(addDays(campaign.week, -3), '16:00', demoZone)
  const past: Ctx = { ...ctx, clock: () => planned }
  await scoreCustomers(past, { asOf: planned })
  const { id } = await generatePlan(past, {
    weekStart: campaign.week,
    engine: 'heuristic',
    name: campaign.name,
    actor: systemActor,
  })
  await ctx.pool.query('update campaigns set is_demo = true, created_at = $2 where id = $1', [id, planned])
  await approveCampaign(past, systemActor, id)
  await startCampaign(past, systemActor, id)
  await ctx.pool.query(
    `with a as (update actions set created_at = $2 where actions.campaign_id = $1)
     update sends set created_at = $2 where sends.campaign_id = $1`,
    [id, planned],
  )
  const { rows: sends } = await ctx.pool.query<PastSend>(
    `select sends.id, sends.customer_id, sends.channel, sends.recipient, sends.due_at, segment_of(sends) as segment
     from sends where sends.campaign_id = $1 and sends.status = 'pending' order by sends.due_at, sends.recipient`,
    [id],
  )
  const story = drawStory(ctx, chance, shop, id, sends)
  await withTx(ctx.pool, async (tx) => {
    await tx.query(
      `update sends set status = o.status, provider = 'sandbox', sent_at = sends.due_at, delivered_at = case when o.status = 'delivered' then sends.due_at + interval '9 seconds' end,
         opened_at = o.opened_at, clicked_at = o.clicked_at, error_message = o.error
       from jsonb_to_recordset($1::jsonb) as o(id uuid, status text, opened_at timestamptz, clicked_at timestamptz, error text) where sends.id = o.id`,
      [JSON.stringify(story.outcomes)],
    )
    await insertOrders(tx, story.orders, null)
    for (let i = 0; i < story.events.length; i += 2000) await appendEvents(tx, story.events.slice(i, i + 2000))
    await closeAddresses(tx, ctx.config, story.closings, { source: 'demo: link in a message' })
    await tx.query(`update campaigns set status = 'completed', started_at = $2, finished_at = $3 where id = $1`, [
      id,
      planned,
      instantOf(addDays(campaign.week, 7), '00:00', demoZone),
    ])
  })
  await attributeOrders(ctx, { since: planned })
  await refreshCampaignCounters(ctx.pool, [id])
}

interface Story {
  outcomes: { id: string; status: string; opened_at: string | null; clicked_at: string | null; error: string | null }[]
  events: NewEvent[]
  orders: DemoOrder[]
  closings: Closing[]
}

function drawStory(ctx: Ctx, chance: Chance, shop: DemoShop, campaignId: string, sends: readonly PastSend[]): Story {
  const story: Story = { outcomes: [], events: [], orders: [], closings: [] }
  const now = ctx.clock().getTime()
  for (const send of sends) {
    const sent = send.due_at.getTime()
    const event = (type: string, at: number, more: Partial<NewEvent> = {}): void => {
      story.events.push({
        type,
        at: new Date(at),
        sendId: send.id,
        campaignId,
        customerId: send.customer_id,
        channel: send.channel,
        segment: send.segment,
        ...more,
      })
    }
    const close = (reason: 'unsubscribe' | 'hard_bounce', at: number): void => {
      story.closings.push({
        channel: send.channel,
        address: send.recipient,
        customerId: send.customer_id,
        sendId: send.id,
        reason,
        at: new Date(at),
      })
    }
    event('sent', sent, { key: `sent:${send.id}` })
    if (chance.yes(0.018)) {
      event('bounce', sent + 20_000, { key: `bounce:${send.id}`, properties: { class: 'hard', code: '5.1.1' } })
      close('hard_bounce', sent + 20_000)
      story.outcomes.push({
        id: send.id,
        status: 'bounced',
        opened_at: null,
        clicked_at: null,
        error: '550 5.1.1 no such mailbox',
      })
      continue
    }
    event('delivered', sent + 9_000, { key: `delivered:${send.id}` })
    const machine = send.channel === 'email' && chance.yes(0.16)
    if (machine) event('open', sent + 11_000, { key: `open:machine:${send.id}`, machine: true })
    const clicks = chance.yes(send.channel === 'email' ? 0.055 : 0.08)
    const opens = send.channel === 'email' && (clicks || chance.yes(0.24))
    const openedAt = sent + Math.round(chance.gamma(0.7, 6 * 60)) * minute + minute
    const clickedAt = openedAt + Math.round(20_000 + chance.next() * 90_000)
    if (opens) event('open', openedAt, { key: `open:${send.id}`, machine: false })
    if (clicks) event('click', clickedAt, { key: `click:${send.id}`, machine: false })
    if (chance.yes(0.002)) {
      event('unsubscribe', openedAt + minute, { key: `unsubscribe:${send.id}` })
      close('unsubscribe', openedAt + minute)
    }
    const usual = shop.latest.get(send.customer_id)
    if (usual && chance.yes(clicks ? 0.2 : opens ? 0.03 : 0)) {
      const at = new Date(clickedAt + Math.round(chance.next() * 3 * day))
      if (at.getTime() < now) story.orders.push(again(chance, usual, at, story.orders.length, campaignId))
    }
    story.outcomes.push({
      id: send.id,
      status: 'delivered',
      opened_at: opens ? new Date(openedAt).toISOString() : null,
      clicked_at: clicks ? new Date(clickedAt).toISOString() : null,
      error: null,
    })
  }
  return story
}

// The visit the message brought: the customer's usual basket once more.
function again(chance: Chance, usual: DemoOrder, at: Date, n: number, campaignId: string): DemoOrder {
  return {
    ...usual,
    id: chance.uuid(at),
    external_id: `demo-x-${campaignId.slice(0, 13)}-${n}`,
    at,
    lines: usual.lines.map((l) => ({ ...l, id: chance.uuid(at) })),
  }
}
