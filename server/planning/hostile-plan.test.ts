import { expect, test } from 'vitest'
import { testContext } from '#test/context.ts'
import { seedHostileShop } from '#test/hostile-shop.ts'
import { chanceOf, hostile, pick, upTo } from '#test/plan-fuzz.ts'
import { ageOn } from '#core/compliance/age.ts'
import { addDays, localDate, localMinutes } from '#core/calendar.ts'
import { noOffer } from '#core/planning/offer.ts'
import type { PlanEntry, WeeklyPlan } from '#core/planning/plan.ts'
import { systemActor } from '../audit.ts'
import { AppError } from '../http/errors.ts'
import { adoptPlan } from './adopt.ts'
import { approveCampaign } from './approve.ts'
import { generatePlan } from './generate.ts'
import { startCampaign } from './materialise.ts'
import { loadPlannerFacts } from './planner-facts.ts'

const ctx = await testContext({ clock: () => new Date('2026-11-25T16:00:00Z') })
await seedHostileShop(ctx.pool)
const week = '2026-11-30'
const base = await generatePlan(ctx, { weekStart: week, engine: 'heuristic', actor: systemActor })
const facts = await loadPlannerFacts(ctx, week)

/** A plan file as somebody might write it who wants everything out: forged offers, worth, law, windows and words. */
function hostilePlan(seed: number): WeeklyPlan {
  const chance = chanceOf(seed)
  const [sane] = base.plan.entries
  const entries = Array.from({ length: 3 + upTo(chance, 9) }, (_, n): PlanEntry => {
    const offer = pick(chance, [...facts.offers, { ...noOffer, title: pick(chance, hostile).slice(0, 100) }])
    const words = pick(chance, [...hostile, 'A new rye is on the shelf', '90% off today']).slice(0, 180)
    return {
      ...sane!,
      id: `x${n}`,
      day: addDays(week, upTo(chance, 9) - 1),
      segment: pick(chance, [...facts.segments.map((s) => s.key), 'nobody']),
      channel: pick(chance, ['email', 'sms']),
      // The terms are those of another offer: only the id is believed.
      offer: { ...offer, kind: 'content', value: null, code: null, redeemable_as_coupon: false },
      template_id: pick(chance, [null, ...facts.templates.map((t) => t.id)]),
      window: pick(chance, [
        { start: '10:00', end: '20:00' },
        { start: '00:00', end: '24:00' },
        { start: '21:30', end: '23:00' },
      ]),
      reach: 1,
      score: upTo(chance, 1e6),
      verdicts: [],
      locked: chance() < 0.5,
      ...(chance() < 0.7 ? { copy: { subject: words, preheader: '', headline: '', body: words } } : {}),
    }
  })
  return { ...base.plan, entries }
}

test('thirty plan files written to get something illegal out make lawful messages, or none', async () => {
  let sends = 0
  let refused = 0
  for (let seed = 0; seed < 30; seed++) {
    let id: string
    try {
      id = await adoptPlan(ctx, systemActor, { campaign_id: base.id, plan_version: 99, plan: hostilePlan(seed) })
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      expect(error.code).toBe('plan.empty')
      refused++
      continue
    }
    await approveCampaign(ctx, systemActor, id)
    sends += (await startCampaign(ctx, systemActor, id)).sends
    const { rows } = await ctx.pool.query<{
      channel: string
      due_at: Date
      birth_date: string
      age_status: string
      consent: string
      state: string
      kind: string
      code: string | null
      copy: unknown
    }>(
      `select s.channel, s.due_at, c.birth_date, c.age_status, case s.channel when 'email' then c.email_consent else c.sms_consent end as consent, st.state,
         a.offer ->> 'kind' as kind, a.offer ->> 'code' as code, s.variables -> 'copy' as copy
       from sends as s join customers as c on c.id = s.customer_id join every_action as a on a.send_id = s.id join stores as st on st.id = c.store_id where s.campaign_id = $1`,
      [id],
    )
    for (const r of rows) {
      const zone = 'America/Chicago'
      expect(ageOn(r.birth_date, localDate(r.due_at, zone))).toBeGreaterThanOrEqual(21)
      expect([r.age_status, r.consent]).toEqual(['dob_verified', 'granted'])
      const [from, to] = r.channel === 'email' ? [480, 1260] : [600, 1200]
      expect(localMinutes(r.due_at, zone)).toBeGreaterThanOrEqual(from)
      expect(localMinutes(r.due_at, zone)).toBeLessThan(to)
      expect(localDate(r.due_at, zone) >= week && localDate(r.due_at, zone) <= '2026-12-06').toBe(true)
      // The forged terms are not believed: the coupon stays a coupon, and Texas does not get it. Nor a free one anybody.
      if (r.state === 'TX') expect(r.code).toBeNull()
      expect(r.kind).not.toBe('bogo')
      expect(JSON.stringify(r.copy ?? '')).not.toMatch(/[<>]|\{\{|\{%|https?:|@|90%|\d{3}-\d{4}|[\u202a-\u202e\u200b]/)
    }
    const { rows: mute } = await ctx.pool.query(
      `select 1 from actions where campaign_id = $1 and status = 'skipped' and refused_by is null`,
      [id],
    )
    expect(mute).toEqual([])
    const { rows: caps } = await ctx.pool.query(
      `select s.customer_id from sends as s where s.campaign_id = $1 group by 1 having count(*) > 2 or count(*) filter (where s.channel = 'sms') > 1`,
      [id],
    )
    expect(caps).toEqual([])
    await ctx.pool.query(`delete from sends where campaign_id = $1`, [id])
    await ctx.pool.query(`delete from campaigns where id = $1`, [id])
  }
  expect(sends).toBeGreaterThan(500)
  expect(refused).toBeLessThan(15)
}, 120_000)
