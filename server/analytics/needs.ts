import type { analytics } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import { localDate } from '#core/calendar.ts'
import { percent } from '#core/analytics/period.ts'
import { isLive } from '../channel-settings.ts'
import type { Ctx } from '../context.ts'
import { daysSql, readState } from '../rollups.ts'

type Needs = Pick<Answer<typeof analytics.dashboard>, 'needs_you' | 'checklist' | 'staleness'>

interface Facts {
  has_customers: boolean
  has_store: boolean
  has_address: boolean
  named: boolean
  has_plan: boolean
  has_sent: boolean
  last_order_at: Date | null
  scores_as_of: Date | null
  sent_week: number
  bounced_week: number
  has_public_password: boolean
  wrong_sums: number
}

/** What waits for a person, the most pressing first, and the steps of a new shop that are still open. */
export async function readNeeds(ctx: Ctx): Promise<Needs> {
  const now = ctx.clock()
  const { zone } = await readState(ctx.pool)
  const [{ rows }, plans, unknown, live, { rows: tests }] = await Promise.all([
    ctx.pool.query<Facts>(
      `select exists (select 1 from customers where customers.deleted_at is null) as has_customers,
         exists (select 1 from stores) as has_store,
         not exists (select 1 from stores where trim(stores.address) = '' or trim(stores.city) = '') and exists (select 1 from stores) as has_address,
         exists (select 1 from settings where settings.name = 'shop') as named,
         exists (select 1 from users where users.has_public_password and users.is_active)
           and not exists (select 1 from settings where settings.name = 'demo') as has_public_password,
         (select rollup_state.mismatches from rollup_state) as wrong_sums,
         exists (select 1 from campaigns) as has_plan,
         exists (select 1 from analytics_events as e where e.event_type = 'sent') as has_sent,
         (select max(orders.ordered_at) from orders) as last_order_at,
         coalesce((select max(model_versions.created_at) from model_versions),
           (select customer_scores.computed_at from customer_scores limit 1)) as scores_as_of,
         coalesce(week.sent, 0)::int as sent_week, coalesce(week.bounced, 0)::int as bounced_week
       from (
         select sum(d.events) filter (where d.event_type = 'sent') as sent, sum(d.events) filter (where d.event_type = 'bounce') as bounced from (${daysSql}) as d
         where d.grain = 'all' and d.event_type in ('sent', 'bounce') and d.day > $2::date - 7
       ) as week`,
      [zone, localDate(now, zone)],
    ),
    ctx.pool.query<{
      id: string
      name: string
      status: string
      start_date: string
      pause_reason: string | null
      late: boolean
    }>(
      `select c.id, c.name, c.status, c.start_date, c.pause_reason, c.start_date <= $1::date as late from campaigns as c
       where c.status in ('draft', 'paused') order by c.start_date limit 5`,
      [now],
    ),
    ctx.pool.query<{ id: string; name: string; n: number }>(
      `select c.id, c.name, count(*) as n from campaigns as c join sends as s on s.campaign_id = c.id and s.status = 'unknown'
       where c.status in ('active', 'paused', 'completed', 'cancelled') and c.end_date >= $1::date - 30 group by c.id, c.name order by n desc limit 3`,
      [now],
    ),
    isLive(ctx.pool, ctx.config, 'email'),
    ctx.pool.query<{ id: string; name: string; outcome: string; verdict: string }>(
      `select e.id, e.name, e.arms ->> 'outcome' as outcome, e.arms ->> 'verdict' as verdict from experiments as e
       where e.kind = 'ab' and e.status = 'running' and e.arms ->> 'outcome' in ('winner', 'broken') order by e.id desc limit 3`,
    ),
  ])
  const f = rows[0]!
  const needs: Needs['needs_you'] = []
  for (const p of plans.rows) {
    if (p.status === 'draft') {
      needs.push({
        kind: 'plan_waiting',
        title: `“${p.name}” waits for your approval`,
        detail: p.late
          ? `It was to start on ${p.start_date}; nothing goes out before you approve it.`
          : `It starts on ${dayWord(p.start_date)}. Nothing goes out before you approve it.`,
        href: `/campaigns/${p.id}`,
        tone: p.late ? 'warn' : 'info',
      })
    } else {
      needs.push({
        kind: 'paused',
        title: `“${p.name}” is paused`,
        detail: p.pause_reason ?? 'Resume it, or cancel what is left.',
        href: `/campaigns/${p.id}`,
        tone: 'warn',
      })
    }
  }
  for (const u of unknown.rows) {
    needs.push({
      kind: 'unknown_sends',
      title: `${u.n} ${u.n === 1 ? 'message' : 'messages'} of “${u.name}” may or may not have left`,
      detail: 'The connection broke while they were being handed over. They are not sent again by themselves.',
      href: `/campaigns/${u.id}`,
      tone: 'warn',
    })
  }
  for (const test of tests) {
    needs.push({
      kind: test.outcome === 'broken' ? 'test_broken' : 'test_decided',
      title: test.outcome === 'broken' ? `The test “${test.name}” cannot be read` : `“${test.name}” has a winner`,
      detail: test.verdict,
      href: `/experiments/${test.id}`,
      tone: test.outcome === 'broken' ? 'warn' : 'info',
    })
  }
  const bounceRate = percent(f.bounced_week, f.sent_week)
  if (bounceRate !== null && f.bounced_week >= 10 && bounceRate >= 2) {
    needs.push({
      kind: 'bounces',
      title: `${bounceRate}% of this week’s messages came back`,
      detail: `${f.bounced_week} of ${f.sent_week}. Mailbox providers distrust senders above 2%; check where these addresses came from.`,
      href: '/sends?status=bounced',
      tone: 'risk',
    })
  }
  if (f.wrong_sums > 0)
    needs.push({
      kind: 'rollups_wrong',
      title: `${f.wrong_sums} sums behind the charts are not a recount`,
      detail: 'Last night’s recount of events and orders found other figures. Build them anew under Analytics.',
      href: '/analytics?tab=data',
      tone: 'risk',
    })
  if (!f.has_address && f.has_customers)
    needs.push({
      kind: 'no_address',
      title: 'The shop’s postal address is missing',
      detail: 'The law wants it in every marketing email.',
      href: '/settings/stores',
      tone: 'risk',
    })
  if (f.has_public_password)
    needs.push({
      kind: 'public_password',
      title: 'You still sign in with the demo password',
      detail: 'It is printed in the manual, so anybody who reaches this address can use it. Choose one of your own.',
      href: '/profile',
      tone: 'risk',
    })
  if (!f.has_customers)
    needs.push({
      kind: 'no_customers',
      title: 'There are no customers yet',
      detail: 'Import them from your till or shop system.',
      href: '/customers/import',
      tone: 'info',
    })
  if (f.has_customers && f.scores_as_of && now.getTime() - f.scores_as_of.getTime() > 8 * 86_400_000) {
    needs.push({
      kind: 'stale_scores',
      title: 'Scores are more than a week old',
      detail: 'Run scoring before you make the next plan.',
      href: '/customers',
      tone: 'warn',
    })
  }
  if (!live)
    needs.push({
      kind: 'sandbox',
      title: 'Sandbox: nothing leaves this machine',
      detail: 'Messages go to the sandbox mailbox only. Connect a mail server when you are ready.',
      href: '/settings/channels',
      tone: 'info',
    })
  const order = { risk: 0, warn: 1, info: 2 }
  const checklist: Needs['checklist'] = [
    {
      id: 'shop',
      label: 'Name the shop and give its address',
      done: f.named && f.has_store,
      href: f.named ? '/settings/stores' : '/settings',
    },
    {
      id: 'customers',
      label: 'Import customers and orders',
      done: f.has_customers && f.last_order_at !== null,
      href: '/customers/import',
    },
    { id: 'channel', label: 'Connect a mail server', done: live, href: '/settings/channels' },
    { id: 'plan', label: 'Make the first weekly plan', done: f.has_plan, href: '/campaigns' },
    { id: 'sent', label: 'Send it', done: f.has_sent, href: '/campaigns' },
  ]
  return {
    needs_you: needs.sort((a, b) => order[a.tone] - order[b.tone]),
    checklist: checklist.every((c) => c.done) ? [] : checklist,
    staleness: { last_order_at: f.last_order_at, scores_as_of: f.scores_as_of, computed_at: now },
  }
}

function dayWord(day: string): string {
  return new Intl.DateTimeFormat('en-US', { weekday: 'long', month: 'long', day: 'numeric', timeZone: 'UTC' }).format(
    new Date(day),
  )
}
