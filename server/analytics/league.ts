import type { PeriodQuery } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import type { reports } from '#contract/reports.ts'
import { percent } from '#core/analytics/period.ts'
import { wilson } from '#core/experiments/stats.ts'
import type { Ctx } from '../context.ts'
import { rates } from './measures.ts'
import { headOf } from './overview.ts'
import { remember } from './remember.ts'

/** Passes over all messages of the period: their answers may be some minutes old in a big shop. */
const graceMs = 900_000

/** Offers by what share of their messages sold, with the interval that says whether a difference means anything. */
export async function readOffers(ctx: Ctx, query: PeriodQuery): Promise<Answer<typeof reports.offers>> {
  const { span, head } = await headOf(ctx, query)
  const rows = await remember(
    ctx,
    `offers:${span.from}:${span.to}`,
    async () =>
      (
        await ctx.pool.query<{
          title: string
          kind: string
          sends: number
          buyers: number
          revenue_cents: number
        }>(
          `select coalesce(coalesce(e.offer, a.offer) ->> 'title', 'No offer') as title, coalesce(coalesce(e.offer, a.offer) ->> 'kind', 'content') as kind,
             count(*) as sends, count(*) filter (where s.converted_at is not null) as buyers, coalesce(sum(s.conversion_cents), 0)::bigint as revenue_cents
           from sends as s left join campaign_entries as e on e.id = s.entry_id left join actions as a on a.id = s.action_id
           where coalesce(s.entry_id, s.action_id) is not null and s.sent_at >= $1 and s.sent_at < $2 and s.status in ('sent', 'delivered', 'bounced')
             -- a send is made at most weeks before it leaves
             and s.id >= uuidv7_floor($1::timestamptz - interval '90 days')
           group by 1, 2 having count(*) > 0`,
          [span.fromAt, span.toAt],
        )
      ).rows,
    { graceMs },
  )
  const data = rows.map((r) => {
    const share = wilson(r.buyers, r.sends)!
    const pct = (x: number): number => Math.round(x * 10_000) / 100
    return {
      key: `${r.kind}:${r.title}`,
      title: r.title,
      kind: r.kind,
      sends: r.sends,
      buyers: r.buyers,
      revenue_cents: r.revenue_cents,
      conversion_pct: { low: pct(share.low), mid: pct(share.mid), high: pct(share.high) },
      revenue_per_send_cents: rates.each(r.revenue_cents, r.sends) ?? 0,
      clearly_behind: false,
    }
  })
  const best = Math.max(0, ...data.map((d) => d.conversion_pct.low))
  return {
    ...head,
    data: data
      .map((d) => ({ ...d, clearly_behind: d.conversion_pct.high < best }))
      .toSorted((a, b) => b.conversion_pct.mid - a.conversion_pct.mid || b.sends - a.sends)
      .slice(0, 100),
  }
}

/** Mailbox domains: where messages come back, and where nobody opens although others do. */
export async function readDeliverability(ctx: Ctx, query: PeriodQuery): Promise<Answer<typeof reports.deliverability>> {
  const { span, head } = await headOf(ctx, query)
  const rows = await remember(
    ctx,
    `domains:${span.from}:${span.to}`,
    async () =>
      (
        await ctx.pool.query<{
          domain: string
          sends: number
          bounces: number
          opened: number
          clicked: number
          complaints: number
        }>(
          `with sent as (
             select s.id, lower(split_part(s.recipient, '@', 2)) as domain, s.status, s.opened_at, s.clicked_at from sends as s
             where s.channel = 'email' and s.sent_at >= $1 and s.sent_at < $2 and s.status in ('sent', 'delivered', 'bounced') and s.id >= uuidv7_floor($1::timestamptz - interval '90 days')
           ), complained as (
             select e.send_id from analytics_events as e where e.event_type = 'complaint' and e.id >= uuidv7_floor($1) and e.id < uuidv7_floor($2) and e.send_id is not null group by 1
           )
           select sent.domain, count(*) as sends, count(*) filter (where sent.status = 'bounced') as bounces, count(sent.opened_at) as opened, count(sent.clicked_at) as clicked,
             count(complained.send_id) as complaints
           from sent left join complained on complained.send_id = sent.id where sent.domain <> '' group by 1 order by 2 desc, 1 limit 50`,
          [span.fromAt, span.toAt],
        )
      ).rows,
    { graceMs },
  )
  return {
    ...head,
    data: rows.map((r) => {
      const bounce = percent(r.bounces, r.sends, 2)
      const spam = r.complaints / r.sends
      return {
        domain: r.domain,
        sends: r.sends,
        bounces: r.bounces,
        bounce_pct: bounce,
        opened_pct: percent(r.opened, r.sends),
        clicked_pct: percent(r.clicked, r.sends, 2),
        complaints: r.complaints,
        // Ten of five hundred is a trend, one of ten is an accident.
        tone:
          (r.bounces >= 5 && (bounce ?? 0) >= 5) || (r.complaints >= 3 && spam >= 0.003)
            ? 'risk'
            : (r.bounces >= 3 && (bounce ?? 0) >= 2) || (r.complaints >= 2 && spam >= 0.001)
              ? 'warn'
              : 'good',
      }
    }),
  }
}
