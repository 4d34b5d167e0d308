import { addDays, localDate, weekStart } from '#core/calendar.ts'
import { createAssigner, type Assignment } from '#core/planning/assign.ts'
import { sumForecasts } from '#core/planning/forecast.ts'
import { groupOf, Trigger } from '#core/planning/trigger.ts'
import type { PlanEntry } from '#core/planning/plan.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../../context.ts'
import { findOffers, offerOf } from '../../offers.ts'
import { readPolicy } from '../../policy.ts'
import { readSetting } from '../../settings.ts'
import { loadStores } from '../../stores.ts'
import { streamAudience } from '../audience.ts'
import { lockLedger } from '../../ledger-parents.ts'
import { createActionWriter } from '../action-rows.ts'
import { createTexts } from '../message-texts.ts'
import { findShelf, type Shelf } from '../shelf.ts'
import { enter, firstLook, takeExits } from './enter.ts'

/** So many in one look and campaign; the others are next, a minute later. */
const mostAtOnce = 5_000
/** A message may wait so many days for an open window; then the reason that kept it back is final. */
const daysAhead = 3

export interface Advanced {
  entered: number
  exited: number
  sent: number
  holdout: number
  skipped: number
}

/** The worker's duty: every running campaign with a trigger catches whom it concerns and makes the messages that are ready. */
export async function advanceTriggers(ctx: Ctx): Promise<Advanced> {
  const total: Advanced = { entered: 0, exited: 0, sent: 0, holdout: 0, skipped: 0 }
  const { rows } = await ctx.pool.query<{ id: string }>(
    `select c.id from campaigns as c join campaign_triggers as t on t.campaign_id = c.id where c.status = 'active' order by c.id`,
  )
  if (rows.length === 0) return total
  const facts = await readFacts(ctx)
  for (const { id } of rows) {
    try {
      const one = await advance(ctx, id, facts)
      for (const key of Object.keys(total) as (keyof Advanced)[]) total[key] += one[key]
    } catch (err) {
      // One campaign that cannot go on must not hold the others up.
      ctx.log.error({ err: err as Error, campaign: id }, 'a triggered campaign could not go on')
    }
  }
  if (total.sent > 0) await ctx.bus.publish('dispatch')
  return total
}

// The same for all campaigns of one look; the shelf counts three months of sales, so only who has messages to make asks.
async function readFacts(ctx: Ctx) {
  const [shop, limits, policy, stores] = await Promise.all([
    readSetting(ctx.pool, 'shop'),
    readSetting(ctx.pool, 'limits'),
    readPolicy(ctx.pool),
    loadStores(ctx.pool),
  ])
  let shelf: Promise<Shelf> | undefined
  return { shop, limits, policy, stores, shelf: (): Promise<Shelf> => (shelf ??= findShelf(ctx.pool)) }
}

async function advance(ctx: Ctx, id: string, facts: Awaited<ReturnType<typeof readFacts>>): Promise<Advanced> {
  const now = ctx.clock()
  const { shop, limits, policy, stores } = facts
  const zone = shop.time_zone
  return withTx(ctx.pool, async (tx) => {
    const done: Advanced = { entered: 0, exited: 0, sent: 0, holdout: 0, skipped: 0 }
    await lockLedger(tx)
    const { rows } = await tx.query<{
      trigger: unknown
      checked_to: Date | null
      started_at: Date
      holdout_share: number
    }>(
      `select t.trigger, t.checked_to, c.started_at, c.holdout_share::float8 as holdout_share from campaign_triggers as t join campaigns as c on c.id = t.campaign_id
       where t.campaign_id = $1 and c.status = 'active' for update of t`,
      [id],
    )
    if (!rows[0]) return done
    const trigger = Trigger.parse(rows[0].trigger)
    const from = rows[0].checked_to ?? firstLook(trigger, now, zone)
    done.entered = await enter(tx, id, trigger, { from, to: now, startedAt: rows[0].started_at, zone })
    await tx.query('update campaign_triggers set checked_to = $2 where campaign_id = $1', [id, now])
    done.exited = await takeExits(tx, id, trigger, now)
    const { rows: ready } = await tx.query<{ customer_id: string }>(
      `select t.customer_id from trigger_entries as t where t.campaign_id = $1 and t.status = 'waiting' and t.ready_at <= $2 order by t.ready_at, t.id limit $3`,
      [id, now, mostAtOnce],
    )
    if (ready.length === 0) return done
    const [offer] = (await findOffers(tx, { ids: [trigger.offer_id] })).map(offerOf)
    if (!offer) throw new Error('its offer no longer exists')
    const today = localDate(now, zone)
    const entries: PlanEntry[] = Array.from({ length: daysAhead }, (_, i) => ({
      id: `trigger ${i}`,
      day: addDays(today, i),
      segment: groupOf(trigger.event),
      channel: trigger.channel,
      offer,
      template_id: trigger.template_id,
      window: trigger.window,
      reach: 0,
      matched: 0,
      held_out: 0,
      kept_back: [],
      reason: '',
      score: 0,
      verdicts: [],
      forecast: sumForecasts([]),
      locked: false,
    }))
    const assign = createAssigner({
      entries,
      policy,
      limits,
      template: { has_footer: true, has_unsubscribe: true },
      now,
      soonest: true,
    })
    const shelf = await facts.shelf()
    const arm = { key: null, subject: null, entries }
    const texts = createTexts(entries, { currency: shop.currency, policy })
    const writer = createActionWriter(tx, id, [{ arm, texts }], shelf, now, { isFirst: false })
    const decided: { customer: string; outcome: Assignment['outcome']; because: string | null }[] = []
    const audience = streamAudience(tx, ctx.config, {
      segments: null,
      weekStart: weekStart(today),
      campaignId: id,
      holdoutShare: rows[0].holdout_share,
      stores,
      customerIds: ready.map((r) => r.customer_id),
    })
    for await (const chunk of audience) {
      for (const member of chunk) {
        const all = assign({ ...member.customer, segments: [groupOf(trigger.event)] })
        const chosen = all.find((a) => a.outcome !== 'skipped') ?? all[0]!
        decided.push({ customer: member.id, outcome: chosen.outcome, because: chosen.verdict?.rule_id ?? null })
        writer.add(member, chosen, 0)
      }
      await writer.flush()
    }
    const settled = new Set(decided.map((d) => d.customer))
    // Gone meanwhile: erased, merged, removed.
    for (const { customer_id } of ready)
      if (!settled.has(customer_id))
        decided.push({ customer: customer_id, outcome: 'skipped', because: 'person-erased' })
    await tx.query(
      `update trigger_entries as t set status = case g.outcome when 'pending' then 'sent' else g.outcome end, because = g.because, decided_at = $2
       from unnest($3::uuid[], $4::text[], $5::text[]) as g(customer_id, outcome, because)
       where t.campaign_id = $1 and t.customer_id = g.customer_id and t.status = 'waiting' and t.ready_at <= $2`,
      [id, now, decided.map((d) => d.customer), decided.map((d) => d.outcome), decided.map((d) => d.because)],
    )
    for (const { outcome } of decided) done[outcome === 'pending' ? 'sent' : outcome] += 1
    return done
  })
}
