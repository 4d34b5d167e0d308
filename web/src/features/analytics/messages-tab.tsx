import type { CampaignsReport, DeliverabilityReport, OffersReport, SegmentsReport } from '#contract/reports.ts'
import { count, instant, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { TextLink } from '../../ui/button.tsx'
import { Figure } from '../../ui/figure.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import { ActivityMap } from './activity-map.tsx'
import type { Query } from './figure-words.ts'

/** Through what it was earned: campaigns, segments, offers, hours, mailbox domains. */
export default function MessagesTab({ query }: { query: Query }) {
  const campaigns = useApi('GET /api/v1/reports/campaigns', { query })
  const segments = useApi('GET /api/v1/reports/segments', { query })
  const offers = useApi('GET /api/v1/reports/offers', { query })
  const domains = useApi('GET /api/v1/reports/deliverability', { query })
  const skeleton = <Skeleton className="h-64 w-full" />
  return (
    <div className="space-y-5">
      <QueryFrame query={campaigns} what={t('The campaigns')} skeleton={skeleton}>
        {(data) => <Campaigns data={data} />}
      </QueryFrame>
      <QueryFrame query={offers} what={t('The offers')} skeleton={skeleton}>
        {(data) => <Offers data={data} />}
      </QueryFrame>
      <QueryFrame query={segments} what={t('The segments')} skeleton={skeleton}>
        {(data) => <Segments data={data} />}
      </QueryFrame>
      <ActivityMap query={query} />
      <QueryFrame query={domains} what={t('Deliverability')} skeleton={skeleton}>
        {(data) => <Domains data={data} />}
      </QueryFrame>
    </div>
  )
}

/** `wide`: left out on a phone */
type Column = { head: string; left?: boolean; wide?: boolean }
function Head({ columns }: { columns: readonly Column[] }) {
  return (
    <thead>
      <tr className="border-y border-line bg-sunken text-ink-2">
        {columns.map((c) => (
          <th
            key={c.head}
            scope="col"
            className={`label h-8 px-3 py-1 sm:whitespace-nowrap first:pl-4 last:pr-4 ${c.left ? 'text-left' : 'text-right'} ${c.wide ? 'max-sm:hidden' : ''}`}
          >
            {c.head}
          </th>
        ))}
      </tr>
    </thead>
  )
}
const cell = 'px-3 text-right whitespace-nowrap last:pr-4'
const wide = `${cell} max-sm:hidden`
const rowHead = 'h-9 px-3 pl-4 text-left font-medium'

function Campaigns({ data }: { data: CampaignsReport }) {
  const head = [
    t('Campaign'),
    t('Sent'),
    t('Clicked'),
    t('Orders'),
    t('Revenue after a message'),
    t('Revenue from contact'),
  ]
  return (
    <Figure
      title={t('Campaigns')}
      detail={t('What came back in these days. The last column is the one to trust.')}
      flush
      isTable
      data={{
        head: [...head, t('Lower end'), t('Upper end')],
        rows: data.data.map((c) => [
          c.name,
          c.sends,
          c.clicks,
          c.conversions,
          c.revenue_cents / 100,
          c.lift ? c.lift.revenue_cents.mid / 100 : null,
          c.lift ? c.lift.revenue_cents.low / 100 : null,
          c.lift ? c.lift.revenue_cents.high / 100 : null,
        ]),
      }}
    >
      {data.data.length === 0 ? (
        <Empty kind="none" title={t('No campaign in these days')}>
          {t('Choose other days, or plan a week.')}
        </Empty>
      ) : (
        <ScrollBox label={t('Campaigns, table')}>
          <table className="w-full sm:min-w-[760px]">
            <Head columns={head.map((h, i) => ({ head: h, left: i === 0, wide: i > 0 && i < 4 }))} />
            <tbody>
              {data.data.map((c) => (
                <tr key={c.id} className="border-b border-line">
                  <th scope="row" className={`${rowHead} py-2`}>
                    <TextLink to="/campaigns/$id" params={{ id: c.id }} search={{ tab: 'results' }}>
                      {c.name}
                    </TextLink>{' '}
                    <Status value={c.status} />
                    <span className="block text-sm font-normal text-ink-2">
                      {c.started_at ? instant(c.started_at, 'day') : t('not started')}
                    </span>
                  </th>
                  <td className={wide}>{count(c.sends)}</td>
                  <td className={wide}>{share(c.clicks, c.sends)}</td>
                  <td className={wide}>{count(c.conversions)}</td>
                  <td className={cell}>{money(c.revenue_cents)}</td>
                  <td className={cell}>
                    {c.lift ? (
                      <span title={c.lift.verdict}>
                        <span className={c.lift.outcome === 'too_small' ? 'text-ink-2' : 'font-semibold'}>
                          {money(c.lift.revenue_cents.mid)}
                        </span>
                        <span className="block text-sm text-ink-2">
                          {t('{low} to {high}', {
                            low: money(c.lift.revenue_cents.low),
                            high: money(c.lift.revenue_cents.high),
                          })}
                        </span>
                      </span>
                    ) : (
                      <span className="text-ink-2">{t('nobody held out')}</span>
                    )}
                  </td>
                </tr>
              ))}
              <tr className="font-semibold">
                <th scope="row" className="h-10 px-3 pl-4 text-left">
                  {t('Together')}
                </th>
                <td className={wide}>{count(data.total.sends)}</td>
                <td className={wide}>{share(data.total.clicks, data.total.sends)}</td>
                <td className={wide}>{count(data.total.conversions)}</td>
                <td className={cell}>{money(data.total.revenue_cents)}</td>
                <td className={cell}>
                  <span className="sr-only">{t('not added up')}</span>
                </td>
              </tr>
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Figure>
  )
}

const share = (part: number, whole: number): string => (whole > 0 ? percent(part / whole) : '–')

function Offers({ data }: { data: OffersReport }) {
  const top = Math.max(0.01, ...data.data.map((o) => o.conversion_pct.high))
  const head = [t('Offer'), t('Sent'), t('Sold'), t('Sold per 100 sent'), t('Revenue per message')]
  return (
    <Figure
      title={t('Offers, best first')}
      detail={t(
        'Bars reach from the lower to the upper end of what is likely (95 of 100); where bars overlap, the order may be chance',
      )}
      flush
      isTable
      data={{
        head: [
          t('Offer'),
          t('Kind'),
          t('Sent'),
          t('Sold'),
          t('Sold per 100 sent'),
          t('Lower end'),
          t('Upper end'),
          t('Revenue'),
        ],
        rows: data.data.map((o) => [
          o.title,
          o.kind,
          o.sends,
          o.buyers,
          o.conversion_pct.mid,
          o.conversion_pct.low,
          o.conversion_pct.high,
          o.revenue_cents / 100,
        ]),
      }}
    >
      {data.data.length === 0 ? (
        <Empty kind="none" title={t('No offer went out in these days')} />
      ) : (
        <ScrollBox label={t('Offers, table')}>
          <table className="w-full sm:min-w-[720px]">
            <Head
              columns={head.map((h, i) => ({ head: h, left: i === 0 || i === 3, wide: i === 1 || i === 2 || i === 4 }))}
            />
            <tbody>
              {data.data.map((o) => (
                <tr key={o.key} className="border-b border-line last:border-0">
                  <th scope="row" className={rowHead}>
                    {o.title} {o.clearly_behind && <Pill tone="warn">{t('clearly behind')}</Pill>}
                  </th>
                  <td className={wide}>{count(o.sends)}</td>
                  <td className={wide}>{count(o.buyers)}</td>
                  <td className="w-2/5 px-3 max-sm:w-1/2">
                    <SoldShare share={o.conversion_pct} top={top} />
                  </td>
                  <td className={wide}>{money(o.revenue_per_send_cents)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Figure>
  )
}

/** Sold per 100 sent, with the interval as a bar and in words. */
function SoldShare({ share, top }: { share: OffersReport['data'][number]['conversion_pct']; top: number }) {
  return (
    <span className="flex items-center gap-3">
      <span className="w-12 shrink-0 text-right font-medium">{percent(share.mid / 100, 1)}</span>
      <span className="relative h-4 flex-1" aria-hidden>
        <span className="absolute inset-x-0 top-[7px] h-px bg-line" />
        <span
          className="absolute top-1 h-2 rounded-sm bg-c1/35"
          style={{
            left: `${(share.low / top) * 100}%`,
            width: `${((share.high - share.low) / top) * 100}%`,
          }}
        />
        <span
          className="absolute top-0 h-4 w-1 -translate-x-1/2 bg-c1"
          style={{ left: `${(share.mid / top) * 100}%` }}
        />
      </span>
      <span className="w-24 shrink-0 text-sm text-ink-2 max-sm:hidden">
        {t('{low} to {high}', {
          low: percent(share.low / 100, 1),
          high: percent(share.high / 100, 1),
        })}
      </span>
    </span>
  )
}

function Segments({ data }: { data: SegmentsReport }) {
  const head = [
    t('Segment'),
    t('Customers'),
    t('Sent'),
    t('Clicked'),
    t('Orders'),
    t('Conversion'),
    t('Revenue after a message'),
    t('Unsubscribed'),
  ]
  return (
    <Figure
      title={t('Segments')}
      detail={t('To whom, and what came back')}
      flush
      isTable
      data={{
        head,
        rows: data.data.map((s) => [
          s.name,
          s.customers,
          s.sends,
          s.clicks,
          s.conversions,
          s.conversion_pct,
          s.revenue_cents / 100,
          s.unsubscribes,
        ]),
      }}
    >
      {data.data.length === 0 ? (
        <Empty title={t('No segment yet')}>{t('Score your customers, or describe a segment.')}</Empty>
      ) : (
        <ScrollBox label={t('Segments, table')}>
          <table className="w-full sm:min-w-[760px]">
            <Head columns={head.map((h, i) => ({ head: h, left: i === 0, wide: [2, 3, 5, 7].includes(i) }))} />
            <tbody>
              {data.data.map((s) => (
                <tr key={s.key} className="border-b border-line last:border-0">
                  <th scope="row" className={rowHead}>
                    {s.name}
                  </th>
                  <td className={cell}>{count(s.customers)}</td>
                  <td className={wide}>{count(s.sends)}</td>
                  <td className={wide}>{share(s.clicks, s.sends)}</td>
                  <td className={cell}>{count(s.conversions)}</td>
                  <td className={wide}>{s.conversion_pct === null ? '–' : percent(s.conversion_pct / 100, 2)}</td>
                  <td className={`${cell} font-medium`}>{money(s.revenue_cents)}</td>
                  <td className={wide}>{count(s.unsubscribes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Figure>
  )
}

const toneWords = { good: 'fine', warn: 'watch', risk: 'in danger' } as const

function Domains({ data }: { data: DeliverabilityReport }) {
  const head = [
    t('Mailbox domain'),
    t('Sent'),
    t('Bounced'),
    t('Bounce rate'),
    t('Opened'),
    t('Clicked'),
    t('Complaints'),
  ]
  return (
    <Figure
      title={t('Deliverability by domain')}
      detail={t('A domain that opens far less than others may put you into spam')}
      flush
      isTable
      data={{
        head,
        rows: data.data.map((d) => [
          d.domain,
          d.sends,
          d.bounces,
          d.bounce_pct,
          d.opened_pct,
          d.clicked_pct,
          d.complaints,
        ]),
      }}
    >
      {data.data.length === 0 ? (
        <Empty kind="none" title={t('No email went out in these days')} />
      ) : (
        <ScrollBox label={t('Domains, table')}>
          <table className="w-full sm:min-w-[640px]">
            <Head columns={head.map((h, i) => ({ head: h, left: i === 0, wide: [2, 5, 6].includes(i) }))} />
            <tbody>
              {data.data.map((d) => (
                <tr key={d.domain} className="border-b border-line last:border-0">
                  <th scope="row" className={rowHead}>
                    {d.domain} {d.tone !== 'good' && <Pill tone={d.tone}>{t(toneWords[d.tone])}</Pill>}
                  </th>
                  <td className={cell}>{count(d.sends)}</td>
                  <td className={wide}>{count(d.bounces)}</td>
                  <td className={cell}>{d.bounce_pct === null ? '–' : percent(d.bounce_pct / 100, 2)}</td>
                  <td className={cell}>{d.opened_pct === null ? '–' : percent(d.opened_pct / 100)}</td>
                  <td className={wide}>{d.clicked_pct === null ? '–' : percent(d.clicked_pct / 100)}</td>
                  <td className={wide}>{count(d.complaints)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Figure>
  )
}
