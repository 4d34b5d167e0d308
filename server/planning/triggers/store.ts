import { checkFourEyes } from '../four-eyes.ts'
import type { ClientBase, Pool } from 'pg'
import type { TriggerState } from '#contract/triggers.ts'
import { localDate } from '#core/calendar.ts'
import { checkOffer } from '#core/compliance/rules.ts'
import { decisive } from '#core/compliance/verdict.ts'
import { faultOf, Trigger } from '#core/planning/trigger.ts'
import { isEditable } from '#core/planning/lifecycle.ts'
import { labelOfRule } from '#core/planning/reach.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { AppError, InputError, notFound } from '../../http/errors.ts'
import { findOffers, offerOf } from '../../offers.ts'
import { readPolicy } from '../../policy.ts'
import { readSetting } from '../../settings.ts'
import { loadStores } from '../../stores.ts'
import { holdoutSalt } from '../audience.ts'
import { checkMove, findCampaign, type StoredCampaign } from '../campaigns.ts'
import { checkSender } from '../materialise.ts'
import { countHappened, firstLook } from './enter.ts'

const previewDays = 30
const exitWords: Record<string, string> = {
  ordered: 'have ordered meanwhile',
  left_segment: 'have left the segment again',
  changed: 'waited for another event, before the campaign was changed',
}
const dayMs = 86_400_000

/** Throws not_found for a campaign without a trigger. */
export async function readTrigger(ctx: Ctx, id: string): Promise<TriggerState> {
  const stored = await findTrigger(ctx.pool, id)
  const { rows } = await ctx.pool.query<{ status: string; because: string | null; n: number }>(
    `select t.status, t.because, count(*) as n from trigger_entries as t where t.campaign_id = $1 group by 1, 2 order by 3 desc, 2`,
    [id],
  )
  const countOf = (status: string): number => rows.reduce((sum, r) => sum + (r.status === status ? r.n : 0), 0)
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  const to = ctx.clock()
  const client = await ctx.pool.connect()
  try {
    const from = new Date(to.getTime() - previewDays * dayMs)
    return {
      trigger: stored.trigger,
      checked_to: stored.checked_to,
      waiting: countOf('waiting'),
      sent: countOf('sent'),
      holdout: countOf('holdout'),
      exited: countOf('exited'),
      skipped: countOf('skipped'),
      because: rows.flatMap((r) =>
        r.because && (r.status === 'skipped' || r.status === 'exited')
          ? [
              {
                status: r.status,
                because: r.because,
                label: r.status === 'skipped' ? labelOfRule(r.because) : (exitWords[r.because] ?? r.because),
                customers: r.n,
              },
            ]
          : [],
      ),
      preview: { days: previewDays, customers: await countHappened(client, stored.trigger.event, { from, to, zone }) },
    }
  } finally {
    client.release()
  }
}

export async function findTrigger(
  client: ClientBase | Pool,
  id: string,
): Promise<{ trigger: Trigger; checked_to: Date | null }> {
  const { rows } = await client.query<{ trigger: unknown; checked_to: Date | null }>(
    'select t.trigger, t.checked_to from campaign_triggers as t where t.campaign_id = $1',
    [id],
  )
  if (!rows[0]) throw notFound('trigger of campaign', id)
  return { trigger: Trigger.parse(rows[0].trigger), checked_to: rows[0].checked_to }
}

/**
 * Writes the trigger of a new or changed campaign. Throws InputError where something it names does not exist or does
 * not fit. In the caller's transaction.
 */
export async function saveTrigger(tx: ClientBase, campaignId: string, trigger: Trigger, path: string): Promise<void> {
  const faults: { path: string; message: string }[] = []
  const fault = faultOf(trigger)
  if (fault) faults.push({ path: `${path}${fault.path}`, message: fault.message })
  if (trigger.window.start >= trigger.window.end)
    faults.push({ path: `${path}window.end`, message: 'The window ends before it begins.' })
  if (trigger.event.on === 'segment_entered') {
    const { rows } = await tx.query('select 1 from segments as g where g.key = $1 and g.is_active', [
      trigger.event.segment,
    ])
    if (rows.length === 0)
      faults.push({ path: `${path}event.segment`, message: 'There is no active segment of this key.' })
  }
  const [offer] = await findOffers(tx, { ids: [trigger.offer_id], isActive: true, archived: false })
  if (!offer) faults.push({ path: `${path}offer_id`, message: 'There is no active offer of this id.' })
  const { rows: templates } = await tx.query<{ channel: string }>(
    'select t.channel from message_templates as t where t.id = $1 and t.is_active',
    [trigger.template_id],
  )
  if (!templates[0]) faults.push({ path: `${path}template_id`, message: 'There is no active template of this id.' })
  else if (templates[0].channel !== trigger.channel)
    faults.push({ path: `${path}template_id`, message: `This template is not one for ${trigger.channel}.` })
  if (faults.length > 0) throw new InputError(faults)
  await tx.query(
    `insert into campaign_triggers (campaign_id, trigger) values ($1, $2) on conflict (campaign_id) do update set trigger = excluded.trigger`,
    [campaignId, JSON.stringify(trigger)],
  )
}

/** Changes what a campaign does while it is not running; who waits already keeps waiting. Approval has to be given again. */
export async function changeTrigger(ctx: Ctx, actor: Actor, id: string, trigger: Trigger): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const campaign = await findCampaign(tx, id, true)
    const { trigger: before } = await findTrigger(tx, id)
    if (!isEditable(campaign.status) && campaign.status !== 'paused')
      throw new AppError('conflict', 'Pause the campaign before you change what it does.', { status: campaign.status })
    await saveTrigger(tx, id, trigger, '')
    if (campaign.status === 'approved' || campaign.status === 'scheduled')
      await tx.query(
        `update campaigns set status = 'draft', approved_by = null, approved_at = null, updated_at = now() where campaigns.id = $1`,
        [id],
      )
    // Another event is another story: what was caught for the old one does not get the new message.
    if (JSON.stringify(before.event) !== JSON.stringify(trigger.event))
      await tx.query(
        `update trigger_entries as t set status = 'exited', because = 'changed', decided_at = $2 where t.campaign_id = $1 and t.status = 'waiting'`,
        [id, ctx.clock()],
      )
    await audit(tx, actor, {
      action: 'campaign.trigger_changed',
      entity: 'campaign',
      entityId: id,
      before,
      after: trigger,
    })
  })
}

/** What must be right before a message may leave without anybody looking. Throws with the cure. */
export async function checkTriggered(ctx: Ctx, id: string): Promise<void> {
  const { trigger } = await findTrigger(ctx.pool, id)
  const [policy, stores, [offer]] = await Promise.all([
    readPolicy(ctx.pool),
    loadStores(ctx.pool),
    findOffers(ctx.pool, { ids: [trigger.offer_id], isActive: true, archived: false }),
  ])
  const real = stores.filter((s) => s.id !== 'shop')
  if (real.length === 0)
    throw new AppError(
      'plan.no_store',
      'Every message must show a postal address. Add your store under Settings first.',
      { id },
    )
  if (!offer) throw new AppError('conflict', 'Its offer is archived or switched off. Choose another one.', { id })
  const refusals = real.map((store) =>
    decisive(checkOffer(offerOf(offer), store, policy, localDate(ctx.clock(), store.time_zone))),
  )
  if (refusals.every((r) => r?.outcome === 'deny'))
    throw new AppError('conflict', `No store of yours may make this offer: ${refusals[0]!.summary}`, {
      rule_id: refusals[0]!.rule_id,
    })
}

/** Starts it: from now on it looks, until somebody pauses or ends it. Starting twice is starting once. */
export async function startTriggered(ctx: Ctx, actor: Actor, seen: StoredCampaign): Promise<void> {
  if (seen.status === 'active') return
  checkMove(seen, 'start')
  await checkSender(ctx)
  await checkTriggered(ctx, seen.id)
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  const now = ctx.clock()
  const isStarted = await withTx(ctx.pool, async (tx) => {
    const campaign = await findCampaign(tx, seen.id, true)
    if (campaign.status === 'active') return false
    checkMove(campaign, 'start')
    await checkFourEyes(tx, actor, campaign, null)
    const { trigger } = await findTrigger(tx, seen.id)
    await tx.query('update campaign_triggers set checked_to = $2 where campaign_id = $1', [
      seen.id,
      firstLook(trigger, now, zone),
    ])
    await tx.query(
      `insert into experiments (campaign_id, name, salt, kind, arms) values ($1, 'Holdout of this campaign', $2, 'holdout', $3)`,
      [
        seen.id,
        holdoutSalt(ctx.config, seen.id),
        JSON.stringify([
          { key: 'contacted', share: 1 - campaign.holdout_share },
          { key: 'holdout', share: campaign.holdout_share },
        ]),
      ],
    )
    await tx.query(
      `update campaigns set status = 'active', started_at = $2, updated_at = now() where campaigns.id = $1`,
      [seen.id, now],
    )
    await audit(tx, actor, {
      action: 'campaign.started',
      entity: 'campaign',
      entityId: seen.id,
      before: { status: campaign.status },
      after: { status: 'active' },
    })
    return true
  })
  if (isStarted) await ctx.bus.publish(`campaign.${seen.id}`, { id: seen.id, status: 'active' })
}
