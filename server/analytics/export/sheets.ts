import type { PeriodQuery } from '#contract/analytics.ts'
import type { ReportExport } from '#contract/reports.ts'
import type { Sheet, SheetColumn } from '#core/analytics/sheet.ts'
import type { Ctx } from '../../context.ts'
import { readCohorts } from '../customers.ts'
import { readDeliverability, readOffers } from '../league.ts'
import { headOf, readOverview, type Head } from '../overview.ts'
import { readCampaigns, readSegments } from '../parts.ts'

export interface ReportFile {
  title: string
  head: Head
  /** what the holdout says, in words; null: nothing to say */
  verdict: string | null
  sheets: Sheet[]
}

const text = (label: string): SheetColumn => ({ label, kind: 'text' })
const count = (label: string): SheetColumn => ({ label, kind: 'count' })
const cents = (label: string): SheetColumn => ({ label, kind: 'cents' })
const percent = (label: string): SheetColumn => ({ label, kind: 'percent' })
const parts = [
  count('Sent'),
  count('Opened'),
  count('Clicked'),
  count('Orders'),
  cents('Revenue after a message'),
  count('Unsubscribed'),
  count('Bounced'),
]
const partValues = (p: {
  sends: number
  opens: number
  clicks: number
  conversions: number
  revenue_cents: number
  unsubscribes: number
  bounces: number
}): number[] => [p.sends, p.opens, p.clicks, p.conversions, p.revenue_cents, p.unsubscribes, p.bounces]

/** A report as tables, from the same readers that the pages ask: a file cannot say anything else than the screen. */
export async function sheetsOf(ctx: Ctx, report: ReportExport['report'], query: PeriodQuery): Promise<ReportFile> {
  switch (report) {
    case 'overview': {
      const r = await readOverview(ctx, query)
      return {
        title: 'What it earned',
        head: r,
        verdict: r.lift?.verdict ?? null,
        sheets: [
          {
            name: 'Figures',
            columns: [
              text('Figure'),
              text('Unit'),
              text('This period'),
              text('Before'),
              percent('Change'),
              text('Counted as'),
            ],
            // Units differ by row, so values are written as text a person reads; the days below are numbers.
            rows: r.kpis.map((k) => [
              k.label,
              k.unit === 'cents' ? r.currency : k.unit === 'percent' ? '%' : 'count',
              plain(k.value, k.unit),
              plain(k.previous, k.unit),
              k.change_pct,
              k.definition,
            ]),
          },
          {
            name: 'Days',
            columns: [
              { label: 'Day', kind: 'day' },
              cents('Revenue'),
              count('Orders'),
              count('Sent'),
              count('Orders after a message'),
              { label: 'Compared with', kind: 'day' },
              cents('Revenue then'),
              count('Orders then'),
            ],
            rows: r.series.map((d) => [
              d.day,
              d.revenue_cents,
              d.orders,
              d.sends,
              d.conversions,
              d.previous_day,
              d.previous_revenue_cents,
              d.previous_orders,
            ]),
          },
        ],
      }
    }
    case 'campaigns': {
      const r = await readCampaigns(ctx, query)
      return {
        title: 'Campaigns',
        head: r,
        verdict: null,
        sheets: [
          {
            name: 'Campaigns',
            columns: [
              text('Campaign'),
              text('State'),
              { label: 'Started', kind: 'instant' },
              ...parts,
              cents('Revenue from contact'),
              cents('Lower end'),
              cents('Upper end'),
            ],
            rows: r.data.map((c) => [
              c.name,
              c.status,
              c.started_at ? new Date(c.started_at) : null,
              ...partValues(c),
              c.lift?.revenue_cents.mid ?? null,
              c.lift?.revenue_cents.low ?? null,
              c.lift?.revenue_cents.high ?? null,
            ]),
          },
        ],
      }
    }
    case 'segments': {
      const r = await readSegments(ctx, query)
      return {
        title: 'Segments',
        head: r,
        verdict: null,
        sheets: [
          {
            name: 'Segments',
            columns: [text('Segment'), count('Customers'), ...parts, percent('Conversion'), cents('Value ahead')],
            rows: r.data.map((s) => [s.name, s.customers, ...partValues(s), s.conversion_pct, s.clv_cents]),
          },
        ],
      }
    }
    case 'offers': {
      const r = await readOffers(ctx, query)
      return {
        title: 'Offers',
        head: r,
        verdict: null,
        sheets: [
          {
            name: 'Offers',
            columns: [
              text('Offer'),
              text('Kind'),
              count('Sent'),
              count('Sold'),
              percent('Conversion'),
              percent('Lower end'),
              percent('Upper end'),
              cents('Revenue after a message'),
            ],
            rows: r.data.map((o) => [
              o.title,
              o.kind,
              o.sends,
              o.buyers,
              o.conversion_pct.mid,
              o.conversion_pct.low,
              o.conversion_pct.high,
              o.revenue_cents,
            ]),
          },
        ],
      }
    }
    case 'deliverability': {
      const r = await readDeliverability(ctx, query)
      return {
        title: 'Deliverability',
        head: r,
        verdict: null,
        sheets: [
          {
            name: 'Domains',
            columns: [
              text('Domain'),
              count('Sent'),
              count('Bounced'),
              percent('Bounce rate'),
              percent('Opened'),
              percent('Clicked'),
              count('Complaints'),
            ],
            rows: r.data.map((d) => [
              d.domain,
              d.sends,
              d.bounces,
              d.bounce_pct,
              d.opened_pct,
              d.clicked_pct,
              d.complaints,
            ]),
          },
        ],
      }
    }
    case 'cohorts': {
      const [r, { head }] = await Promise.all([readCohorts(ctx, 12), headOf(ctx, query)])
      return {
        title: 'Customers who bought again',
        head,
        verdict: null,
        sheets: [
          {
            name: 'Cohorts',
            columns: [
              { label: 'First bought', kind: 'day' },
              count('Customers'),
              ...Array.from({ length: 12 }, (_, i) => count(`Month ${i}`)),
            ],
            rows: r.cohorts.map((c) => [c.month, c.customers, ...c.bought]),
          },
        ],
      }
    }
  }
}

function plain(value: number | null, unit: 'cents' | 'count' | 'percent'): string | null {
  if (value === null) return null
  return unit === 'cents' ? (value / 100).toFixed(2) : String(value)
}
