import { checkFourEyes } from './four-eyes.ts'
import { localDate, weekStart, type Day } from '#core/calendar.ts'
import type { ContactLimits } from '#core/compliance/contact-hours.ts'
import { createAssigner, otherGroups, type Assignment } from '#core/planning/assign.ts'
import type { PlanEntry } from '#core/planning/plan.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import { isLive } from '../channel-settings.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../http/errors.ts'
import { readSetting } from '../settings.ts'
import { lockLedger } from '../ledger-parents.ts'
import { createActionWriter } from './action-rows.ts'
import { holdoutSalt } from './audience.ts'
import { streamWhole } from './audience-whole.ts'
import { assignRules, audienceOf } from './gate-query.ts'
import { checkMove, findCampaign, planOf } from './campaigns.ts'
import { startDraw } from './experiments/draw.ts'
import { loadGateFacts, loadPlannerFacts, ownLimits } from './planner-facts.ts'
import { createTexts } from './message-texts.ts'
import { findShelf } from './shelf.ts'

export interface Started {
  actions: number
  sends: number
  skipped: number
  holdout: number
}

// The sandbox takes anything; a mail server would send from, and link to, a domain that does not exist.
export async function checkSender(ctx: Ctx): Promise<void> {
  const shop = await readSetting(ctx.pool, 'shop')
  if (!shop.from_email.endsWith('.invalid')) return
  if (!(await isLive(ctx.pool, ctx.config, 'email'))) return
  throw new AppError(
    'shop.no_sender',
    'The shop has no sender address yet, and messages would leave through a real mail server. Set the sender under Settings, Shop.',
  )
}

/**
 * Makes actions and sends of an approved plan: every customer of its segments goes through the gate at the moment the
 * message is due. `now` does not wait for planned days and usual hours: one message per customer, as soon as the legal and
 * the shop's window is open today. All or nothing in one transaction; starting twice makes nothing twice (row lock, and one action per customer and day).
 */
export async function startCampaign(
  ctx: Ctx,
  actor: Actor,
  id: string,
  options: { now?: boolean; hold_seconds?: number } = {},
): Promise<Started> {
  const seen = await findCampaign(ctx.pool, id)
  if (seen.status === 'active') return countStarted(ctx, id)
  checkMove(seen, 'start')
  await checkSender(ctx)
  const plan = planOf(seen)
  const facts = await loadGateFacts(ctx, plan.week_start, ownLimits(seen))
  const now = ctx.clock()
  const entries = options.now
    ? atOnce(plan.entries, facts.contact, localDate(now, (await readSetting(ctx.pool, 'shop')).time_zone))
    : plan.entries
  const started = await withTx(ctx.pool, async (tx): Promise<Started | null> => {
    await lockLedger(tx)
    const campaign = await findCampaign(tx, id, true)
    if (campaign.status === 'active') return null
    checkMove(campaign, 'start')
    if (campaign.plan_version !== seen.plan_version)
      throw new AppError('edit.stale', 'Somebody changed the plan meanwhile. Look at it again before you start it.', {
        plan_version: campaign.plan_version,
      })
    await checkFourEyes(
      tx,
      actor,
      campaign,
      plan.entries.reduce((n, e) => n + e.reach, 0),
    )
    const shelf = await findShelf(tx)
    const draw = await startDraw(tx, id, entries, now, () =>
      loadPlannerFacts(ctx, plan.week_start, ownLimits(seen), false),
    )
    const arms = draw.arms.map((arm) => ({ arm, texts: createTexts(arm.entries, facts) }))
    const assigners = arms.map(({ arm }) =>
      createAssigner({ ...assignRules(facts, arm.entries, now), soonest: options.now ?? false }),
    )
    const writer = createActionWriter(tx, id, arms, shelf, now, { isFirst: true })
    const week = options.now ? weekStart(localDate(now, 'UTC')) : facts.week_start
    const audience = await audienceOf(tx, campaign, { ...facts, week_start: week }, entries, now)
    for await (const chunk of streamWhole(tx, ctx.config, audience)) {
      for (const member of chunk) {
        const arm = draw.armOf(member.id)
        for (const a of oncePerDay(assigners[arm]!(member.customer))) writer.add(member, a, arm)
      }
      await writer.drain()
    }
    await writer.flush()
    await tx.query(
      `insert into experiments (campaign_id, name, salt, kind, arms) values ($1, 'Holdout of this campaign', $2, 'holdout', $3)`,
      [
        id,
        holdoutSalt(ctx.config, id),
        JSON.stringify([
          { key: 'contacted', share: 1 - campaign.holdout_share },
          { key: 'holdout', share: campaign.holdout_share },
        ]),
      ],
    )
    await tx.query(
      `update campaigns set status = 'active', started_at = $2, hold_until = $3, updated_at = now(), total_sends = $4 where id = $1`,
      [id, now, options.hold_seconds ? new Date(now.getTime() + options.hold_seconds * 1000) : null, writer.made.sends],
    )
    await audit(tx, actor, {
      action: 'campaign.started',
      entity: 'campaign',
      entityId: id,
      before: { status: campaign.status },
      after: { status: 'active', plan_version: campaign.plan_version },
    })
    return writer.made
  })
  if (!started) return countStarted(ctx, id)
  await ctx.bus.publish(`campaign.${id}`, { id, status: 'active', ...started })
  ctx.log.info({ campaign: id, ...started }, 'campaign started')
  return started
}

/** The entries as if planned for today, in the shop's whole window. */
function atOnce(entries: readonly PlanEntry[], contact: ContactLimits, today: Day): PlanEntry[] {
  return entries.map((e) => ({
    ...e,
    day: today,
    window: e.channel === 'email' ? contact.email_window : contact.sms_window,
  }))
}

async function countStarted(ctx: Ctx, id: string): Promise<Started> {
  const { rows } = await ctx.pool.query<Started>(
    `select count(*)::int as actions, count(*) filter (where a.decided = 'skipped')::int as skipped, count(*) filter (where a.decided = 'holdout')::int as holdout,
       count(a.send_id)::int as sends
     from every_action as a where a.campaign_id = $1`,
    [id],
  )
  return rows[0]!
}

/**
 * One action per customer and day: the one that goes, else the first that was refused. Whom an entry was never meant for
 * gets none.
 */
function oncePerDay(assignments: readonly Assignment[]): Assignment[] {
  const days = new Map<string, Assignment>()
  for (const a of assignments) {
    if (a.verdict?.rule_id === otherGroups) continue
    const other = days.get(a.entry.day)
    if (!other || (other.outcome === 'skipped' && a.outcome !== 'skipped')) days.set(a.entry.day, a)
  }
  return [...days.values()]
}
