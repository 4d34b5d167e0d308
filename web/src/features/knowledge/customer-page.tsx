import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { day, money, ticketCount, ticketMoney, ticketPercent, type Figure } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { choice, useUrl } from '../../lib/url.ts'
import { useWide } from '../../lib/use-wide.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Note, Panel } from '../../ui/panel.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { Ticket } from '../../ui/ticket.tsx'
import { Time } from '../../ui/time.tsx'
import { ConsentList } from './consent-list.tsx'
import { ContactabilityPanel } from './contactability.tsx'
import { CustomerActions } from './customer-actions.tsx'
import { summaryOf } from './customer-summary.ts'
import { ageTone, ageWord, customerName, rfmWord, type Customer } from './customer-words.ts'
import { DuplicatesNote } from './duplicates-note.tsx'
import { historyKinds, HistoryPanel } from './history-panel.tsx'
import { MergesPanel } from './merges-panel.tsx'
import { NextActions } from './next-actions.tsx'
import { RecordConsent } from './record-consent.tsx'
import { LikesPanel } from '../scoring/likes-panel.tsx'
import { ScoresPanel } from './scores-panel.tsx'

/** Everything about one customer, and what may be done next. */
export default function CustomerPage() {
  const { id = '' } = useParams({ strict: false })
  const query = useApi('GET /api/v1/customers/:id', { params: { id } })
  const customer = query.data?.id === id ? query.data : undefined
  const back = <TextLink to="/customers">{t('Customers')}</TextLink>
  return (
    <Page
      title={customer ? customerName(customer) : t('Customer')}
      back={back}
      subtitle={customer && <Subtitle customer={customer} />}
      actions={customer && <CustomerActions key={customer.id} customer={customer} />}
    >
      <QueryFrame query={{ ...query, data: customer }} what={t('The customer')} skeleton={<PageSkeleton />}>
        {(c) => <Body customer={c} />}
      </QueryFrame>
    </Page>
  )
}

function Subtitle({ customer: c }: { customer: Customer }) {
  return (
    <span className="mt-1.5 flex flex-wrap items-center gap-1.5">
      <Pill tone="info">{rfmWord(c.rfm_segment)}</Pill>
      {c.churn_risk && c.churn_risk !== 'new' && (
        <span className="inline-flex items-center gap-1 text-sm">
          {t('Churn')} <Status value={c.churn_risk} />
        </span>
      )}
      <Pill tone={ageTone(c.age_status)}>{ageWord(c.age_status)}</Pill>
      {c.is_night_buyer && <Pill>{t('Night buyer')}</Pill>}
      {c.is_demo && <Pill>{t('Demo')}</Pill>}
      {c.deleted_at && <Pill tone="risk">{t('Deleted')}</Pill>}
      {c.tags.map((tag) => (
        <Pill key={tag}>#{tag}</Pill>
      ))}
    </span>
  )
}

function Body({ customer: c }: { customer: Customer }) {
  const [url, setUrl] = useUrl({ show: choice(historyKinds, 'all') })
  const mayEdit = useMay('manager')
  const [recording, setRecording] = useState(false)
  const wide = useWide(1024)
  const next = (
    <NextActions customerId={c.id} open={c.contactability.filter((x) => x.can_contact).map((x) => x.channel)} />
  )
  const history = <HistoryPanel id={c.id} kind={url.show} onKind={(show) => setUrl({ show })} />
  const contact = <ContactabilityPanel customer={c} />
  const scores = <ScoresPanel customer={c} />
  const sentences = summaryOf(c)
  const record = mayEdit && !c.deleted_at && (
    <Button size="sm" onClick={() => setRecording(true)}>
      {t('Record')}
    </Button>
  )
  const consents = (
    <Panel title={t('Consents')} actions={record}>
      <ConsentList consents={c.consents} />
    </Panel>
  )
  const facts = (
    <Panel title={t('Facts')}>
      <Facts items={factsOf(c)} />
    </Panel>
  )
  return (
    <div className="space-y-5">
      {c.erased_at && (
        <Note title={t('This person was erased')}>
          {t('Nothing is known of them any more. Their orders count on, and nobody writes to their addresses.')}
        </Note>
      )}
      {c.merged_into && (
        <Note title={t('This customer is a part of another one')}>
          <TextLink to="/customers/$id" params={{ id: c.merged_into }}>
            {t('Open the customer that was kept')}
          </TextLink>
        </Note>
      )}
      {c.is_masked && <Note>{t('Email and phone are masked for your role. Managers see them in full.')}</Note>}
      {!c.deleted_at && <DuplicatesNote customer={c} />}
      {sentences && <p className="max-w-prose text-lg">{sentences}</p>}
      <Figures customer={c} />
      {wide ? (
        <div className="grid grid-cols-[minmax(0,1fr)_380px] items-start gap-5">
          <div className="min-w-0 space-y-5">
            {next}
            <LikesPanel customerId={c.id} />
            {history}
          </div>
          <div className="min-w-0 space-y-5">
            {contact}
            {scores}
            {consents}
            {facts}
            <MergesPanel customer={c} />
          </div>
        </div>
      ) : (
        <>
          {contact}
          {next}
          <LikesPanel customerId={c.id} />
          {scores}
          {history}
          {consents}
          {facts}
          <MergesPanel customer={c} />
        </>
      )}
      {recording && <RecordConsent customer={c} onClose={() => setRecording(false)} />}
    </div>
  )
}

function Figures({ customer: c }: { customer: Customer }) {
  const figures: [string, Figure | null, string][] = [
    [
      t('Spent in all'),
      c.total_spent_cents === null ? null : ticketMoney(c.total_spent_cents),
      c.last_purchase_at ? t('last on {day}', { day: day(c.last_purchase_at, 'date') }) : t('no order yet'),
    ],
    [
      t('Orders'),
      c.purchase_frequency === null ? null : ticketCount(c.purchase_frequency),
      c.avg_order_value_cents === null ? '' : t('{amount} on average', { amount: money(c.avg_order_value_cents) }),
    ],
    [
      t('Value, next 12 months'),
      c.clv_score_cents === null ? null : ticketMoney(c.clv_score_cents),
      c.scores?.clv_low_cents != null && c.scores.clv_high_cents !== null
        ? t('{low} to {high}', { low: money(c.scores.clv_low_cents), high: money(c.scores.clv_high_cents) })
        : t('margin expected'),
    ],
    [
      t('Chance to have left'),
      c.scores?.churn_probability == null ? null : ticketPercent(c.scores.churn_probability),
      c.scores?.expected_gap_days == null
        ? ''
        : t('usually every {days, plural, one {day} other {# days}}', { days: Math.round(c.scores.expected_gap_days) }),
    ],
  ]
  return (
    <section aria-label={t('Key figures')} className="overflow-hidden rounded-lg border border-line">
      <dl className="grid grid-cols-2 gap-px border-b-[5px] border-shelf bg-line md:grid-cols-4">
        {figures.map(([label, figure, note]) => (
          <div key={label} className="bg-surface px-3 py-3 sm:px-4">
            <dt className="label truncate text-ink-2">{label}</dt>
            <dd>
              <span className="mt-2 flex h-11 items-start">
                {figure ? (
                  <Ticket figure={figure} />
                ) : (
                  <span className="ticket text-[44px] text-ink-2">
                    –<span className="sr-only">{t('not known')}</span>
                  </span>
                )}
              </span>
              <span className="mt-1 block min-h-4 text-xs text-ink-2">{note}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function factsOf(c: Customer): [string, React.ReactNode][] {
  const place = [c.address, [c.city, c.state, c.zip].filter(Boolean).join(' ')].filter(Boolean).join(', ')
  const rows: [string, React.ReactNode][] = [
    [t('Email'), c.email ?? '–'],
    [t('Phone'), c.phone ?? '–'],
    [t('Address'), place || '–'],
    [t('Date of birth'), c.birth_date ? day(c.birth_date, 'date') : '–'],
    [t('Customer number'), c.external_id ?? '–'],
    [
      t('Store'),
      c.store_name ?? (c.nearest_store ? t('{name}, the nearest by ZIP', { name: c.nearest_store.name }) : '–'),
    ],
    [t('Time zone'), c.time_zones.length > 0 ? c.time_zones.join(', ') : t('unknown')],
    [t('Buys'), [c.primary_category, c.secondary_category].filter(Boolean).join(t(', then ')) || '–'],
    [t('Brands'), c.favorite_brands.join(', ') || '–'],
    [t('Segments'), c.segments.length === 0 ? '–' : c.segments.map((s) => s.name).join(', ')],
    [t('Known since'), <Time key="since" at={c.created_at} look="date" />],
  ]
  return rows
}

function PageSkeleton() {
  return (
    <div className="space-y-5">
      <Skeleton className="h-32 w-full" />
      <div className="grid gap-5 lg:grid-cols-[1fr_380px]">
        <Skeleton className="h-96 w-full" />
        <Skeleton className="h-96 w-full" />
      </div>
    </div>
  )
}
