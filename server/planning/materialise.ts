import { checkFourEyes } from './four-eyes.ts'
import type { PoolClient } from 'pg'
import { localDate, weekStart, type Day } from '#core/calendar.ts'
import type { ContactLimits } from '#core/compliance/contact-hours.ts'
import type { Policy } from '#core/compliance/policy.ts'
import { requiredTexts } from '#core/compliance/required-text.ts'
import { checkOffer } from '#core/compliance/rules.ts'
import { createAssigner, otherGroups, type Assignment, type StoreForGate } from '#core/planning/assign.ts'
import { describeOffer } from '#core/planning/offer.ts'
import type { Copy, PlanEntry } from '#core/planning/plan.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import { isLive } from '../channel-settings.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../http/errors.ts'
import { readSetting } from '../settings.ts'
import { holdoutSalt, streamAudience, type AudienceMember } from './audience.ts'
import { assignRules, audienceOf } from './build-plan.ts'
import { checkMove, findCampaign, planOf } from './campaigns.ts'
import { startDraw, type DrawnArm } from './experiments/draw.ts'
import { loadPlannerFacts, ownLimits } from './planner-facts.ts'
import { findShelf, productsFor, type Shelf } from './shelf.ts'

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
 * the shop's window is open today. All or nothing in one transaction; starting twice makes nothing twice (row lock, and send_keys).
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
  const facts = await loadPlannerFacts(ctx, plan.week_start, ownLimits(seen))
  const now = ctx.clock()
  const entries = options.now
    ? atOnce(plan.entries, facts.contact, localDate(now, (await readSetting(ctx.pool, 'shop')).time_zone))
    : plan.entries
  const done = await withTx(ctx.pool, async (tx) => {
    const campaign = await findCampaign(tx, id, true)
    if (campaign.status === 'active') return false
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
    const draw = await startDraw(tx, id, entries, facts, now)
    const arms = draw.arms.map((arm) => ({
      arm,
      assign: createAssigner({ ...assignRules(facts, arm.entries, now), soonest: options.now ?? false }),
      texts: createTexts(arm.entries, facts),
    }))
    for await (const chunk of streamAudience(
      tx,
      ctx.config,
      await audienceOf(
        tx,
        campaign,
        options.now ? { ...facts, week_start: weekStart(localDate(now, 'UTC')) } : facts,
        entries,
        now,
      ),
    )) {
      const rows = chunk.flatMap((member) => {
        const { arm, assign, texts } = arms[draw.armOf(member.id)]!
        return oncePerDay(assign(member.customer)).map((a) => rowOf(member, a, texts, shelf, arm))
      })
      await insertChunk(tx, id, draw.arms, rows, now)
    }
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
      `update campaigns set status = 'active', started_at = $2, hold_until = $3, updated_at = now(), total_sends = (select count(*) from sends where sends.campaign_id = $1) where id = $1`,
      [id, now, options.hold_seconds ? new Date(now.getTime() + options.hold_seconds * 1000) : null],
    )
    await audit(tx, actor, {
      action: 'campaign.started',
      entity: 'campaign',
      entityId: id,
      before: { status: campaign.status },
      after: { status: 'active', plan_version: campaign.plan_version },
    })
    return true
  })
  const started = await countStarted(ctx, id)
  if (done) {
    await ctx.bus.publish(`campaign.${id}`, { id, status: 'active', ...started })
    ctx.log.info({ campaign: id, ...started }, 'campaign started')
  }
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
    `select count(*)::int as actions, count(*) filter (where a.status = 'skipped')::int as skipped, count(*) filter (where a.status = 'holdout')::int as holdout,
       (select count(*) from sends where sends.campaign_id = $1)::int as sends
     from actions as a where a.campaign_id = $1`,
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

interface ActionRow {
  customer: string
  entry: string
  outcome: Assignment['outcome']
  refused_by: string | null
  due_at: Date | null
  window_end: Date | null
  recipient: string | null
  variables: string | null
  variant: string | null
  held_out_of_all: boolean
  group: string | null
}

export function rowOf(
  member: AudienceMember,
  a: Assignment,
  texts: EntryTexts,
  shelf: Shelf,
  arm: DrawnArm,
): ActionRow {
  const goes = a.outcome === 'pending'
  return {
    customer: member.id,
    variant: arm.key,
    held_out_of_all: a.outcome === 'holdout' && member.held_out_of_all,
    group: member.customer.group ?? null,
    entry: entryKey(arm, a.entry.id),
    outcome: a.outcome,
    refused_by: a.verdict?.rule_id ?? null,
    due_at: a.due_at,
    window_end: a.window_end,
    recipient: goes ? (a.entry.channel === 'email' ? member.email : member.phone) : null,
    variables: goes
      ? JSON.stringify({
          first_name: member.first_name,
          offer: texts.offer(a.entry.id, member.customer.store),
          products: productsFor(shelf, a.entry.offer, member.primary_category),
          ...texts.copy(a.entry.id),
          ...(member.primary_category && !a.entry.offer.category
            ? { reason: `Chosen because you often take home ${member.primary_category}.` }
            : {}),
          ...(arm.subject === null ? {} : { _subject: arm.subject }),
          ...(member.customer.store.id === 'shop' ? {} : { store_id: member.customer.store.id }),
        })
      : null,
  }
}

/** An entry of a version: the same entry may differ between versions. */
const entryKey = (arm: DrawnArm, entryId: string): string => `${arm.key ?? ''}|${entryId}`

interface EntryTexts {
  offer(entryId: string, store: StoreForGate): object | undefined
  /** words of the plan in place of the template's; data to the template, never a part of it */
  copy(entryId: string): { copy?: Partial<Copy> }
}

/**
 * The offer as the templates show it, once per entry and store: what the law wants said beside it is the law of the
 * customer's own store, not of all the stores a segment shops in.
 */
export function createTexts(entries: readonly PlanEntry[], facts: { currency: string; policy: Policy }): EntryTexts {
  const byId = new Map(entries.map((e) => [e.id, e]))
  const known = new Map<string, object>()
  return {
    offer(entryId, store) {
      const key = `${entryId}|${store.id}`
      const entry = byId.get(entryId)
      let found = known.get(key)
      if (!found && entry) known.set(key, (found = offerText(entry, store, facts)))
      return found
    },
    copy(entryId) {
      // To a template an empty text is a text: parts without words are left out.
      const parts = Object.entries(byId.get(entryId)?.copy ?? {}).filter(([, text]) => text !== '')
      return parts.length > 0 ? { copy: Object.fromEntries(parts) } : {}
    },
  }
}

function offerText(
  { offer, day }: PlanEntry,
  store: StoreForGate,
  { currency, policy }: { currency: string; policy: Policy },
): object {
  const ends = offer.valid_to
    ? new Intl.DateTimeFormat('en-US', { weekday: 'long', month: 'long', day: 'numeric', timeZone: 'UTC' }).format(
        new Date(`${offer.valid_to}T00:00:00Z`),
      )
    : null
  const text = describeOffer(offer, currency)
  const required = requiredTexts(checkOffer(offer, store, policy, day))
  return {
    title: offer.title,
    text: text === offer.title ? null : text,
    code: offer.code,
    ends,
    ...(required.length > 0 ? { terms: required.join(' ') } : {}),
  }
}

export async function insertChunk(
  tx: PoolClient,
  campaignId: string,
  arms: readonly DrawnArm[],
  rows: readonly ActionRow[],
  now: Date,
): Promise<void> {
  if (rows.length === 0) return
  await tx.query(
    `with entry as (
       select e.* from jsonb_to_recordset($10::jsonb) as e(key text, id text, day date, segment text, channel text, offer jsonb, offer_id uuid, template_id uuid, send_window jsonb, reason text, value real)
     ), given as (
       select g.* from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $12::text[], $13::boolean[], $14::text[])
         as g(customer_id, entry_key, outcome, refused_by, due_at, window_end, recipient, variables, variant, held_out_of_all, customer_group)
     ), made as (
       insert into actions (campaign_id, customer_id, plan_entry_id, segment, priority_score, reason, offer_id, offer, template_id, scheduled_date, send_window, channels, status, refused_by, variant, held_out_of_all, customer_group)
       select $1, given.customer_id, entry.id, entry.segment, entry.value, entry.reason, offers.id, entry.offer, entry.template_id, entry.day, entry.send_window, array[entry.channel],
         given.outcome, given.refused_by, given.variant, given.held_out_of_all, given.customer_group
       from given join entry on entry.key = given.entry_key left join offers on offers.id = entry.offer_id
       on conflict (campaign_id, customer_id, scheduled_date) where campaign_id is not null do nothing
       returning id, customer_id, coalesce(variant, '') || '|' || plan_entry_id as entry_key
     ), due as (
       select made.id as action_id, uuidv7_at($11) as send_id, entry.channel, entry.template_id, given.customer_id, given.recipient, given.variables, given.due_at, given.window_end
       from made join given on given.customer_id = made.customer_id and given.entry_key = made.entry_key join entry on entry.key = made.entry_key
       where given.outcome = 'pending'
     ), keyed as (
       insert into send_keys (action_id, channel, send_id) select due.action_id, due.channel, due.send_id from due
       on conflict (action_id, channel) do nothing returning action_id, send_id
     )
     insert into sends (id, action_id, customer_id, campaign_id, channel, recipient, template_id, variables, due_at, window_end)
     select keyed.send_id, keyed.action_id, due.customer_id, $1, due.channel, due.recipient, due.template_id, due.variables::jsonb, due.due_at, due.window_end
     from keyed join due on due.action_id = keyed.action_id`,
    [
      campaignId,
      rows.map((r) => r.customer),
      rows.map((r) => r.entry),
      rows.map((r) => r.outcome),
      rows.map((r) => r.refused_by),
      rows.map((r) => r.due_at),
      rows.map((r) => r.window_end),
      rows.map((r) => r.recipient),
      rows.map((r) => r.variables),
      JSON.stringify(
        arms.flatMap((arm) =>
          arm.entries.map((e) => ({
            key: entryKey(arm, e.id),
            id: e.id,
            day: e.day,
            segment: e.segment,
            channel: e.channel,
            offer: e.offer,
            offer_id: e.offer.id,
            template_id: e.template_id,
            send_window: e.window,
            reason: e.reason,
            value: e.reach > 0 ? e.score / e.reach : 0,
          })),
        ),
      ),
      now,
      rows.map((r) => r.variant),
      rows.map((r) => r.held_out_of_all),
      rows.map((r) => r.group),
    ],
  )
}
