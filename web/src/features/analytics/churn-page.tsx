import type { ReplyOf } from '../../lib/api.ts'
import { count, percent, ticketCount, ticketMoney, ticketPercent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { choice, text, useUrl } from '../../lib/url.ts'
import { LinkButton, TextLink } from '../../ui/button.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note } from '../../ui/panel.tsx'
import { TicketRow } from '../../ui/ticket-row.tsx'
import { Time } from '../../ui/time.tsx'
import { AtRiskPanel } from './at-risk-panel.tsx'
import { ChurnDistribution } from './churn-distribution.tsx'
import { ChurnSegments } from './churn-segments.tsx'

export type Churn = ReplyOf<'GET /api/v1/analytics/churn'>

/** How many customers may leave, in which segments, and who is worth a call. */
export default function ChurnPage() {
  const [url, setUrl] = useUrl({ segment: text(), risk: choice(['medium', 'high'], '' as never) })
  const query = useApi('GET /api/v1/analytics/churn', {
    query: { segment: url.segment || undefined, risk: url.risk || undefined, limit: 20 },
  })
  const report = query.data
  return (
    <Page
      title={t('Churn')}
      subtitle={
        report?.horizon_weeks != null
          ? t(
              'Who may not order within the next {weeks, plural, one {# week} other {# weeks}}, and what that would cost',
              {
                weeks: Math.round(report.horizon_weeks),
              },
            )
          : t('Who may not come back, and what that would cost')
      }
      actions={
        <LinkButton to="/churn/model" look="outline">
          {t('How this is told')}
        </LinkButton>
      }
    >
      <QueryFrame query={query} what={t('The churn report')} skeleton={<Bones />}>
        {(r) =>
          r.scored === 0 ? (
            <Empty
              title={t('No scores yet')}
              action={
                <LinkButton to="/customers/import" look="primary">
                  {t('Import orders')}
                </LinkButton>
              }
            >
              {t('Customers are scored as soon as orders are here, and every night.')}
            </Empty>
          ) : (
            <div className="space-y-5">
              <Figures report={r} />
              {r.model && <ModelNote model={r.model} asOf={r.as_of} />}
              <div className="grid items-start gap-5 lg:grid-cols-2">
                <ChurnDistribution report={r} />
                <ChurnSegments
                  segments={r.segments}
                  chosen={url.segment}
                  onChoose={(segment) => setUrl({ segment: segment === url.segment ? '' : segment })}
                />
              </div>
              <AtRiskPanel
                customers={r.at_risk}
                segment={url.segment}
                risk={url.risk}
                onRisk={(risk) => setUrl({ risk: risk as never })}
                onClear={() => setUrl({ segment: '', risk: '' as never })}
              />
            </div>
          )
        }
      </QueryFrame>
    </Page>
  )
}

function Figures({ report: r }: { report: Churn }) {
  const of = (risk: string) => r.classes.find((c) => c.risk === risk)
  const high = of('high')
  const medium = of('medium')
  return (
    <TicketRow
      label={t('Key figures')}
      items={[
        {
          label: t('High risk'),
          figure: ticketCount(high?.customers ?? 0),
          note: t('{share} of {n} customers', { share: percent((high?.share_pct ?? 0) / 100, 0), n: count(r.scored) }),
        },
        {
          label: t('Medium risk'),
          figure: ticketCount(medium?.customers ?? 0),
          note: t('{share} of all', { share: percent((medium?.share_pct ?? 0) / 100, 0) }),
        },
        {
          label: t('At stake in a year'),
          figure: ticketMoney(r.at_stake_cents, true),
          note: t('margin, if nothing is done'),
        },
        {
          label: t('Right order'),
          figure: r.model?.auc == null ? null : ticketPercent(r.model.auc),
          note: r.model?.auc == null ? t('not tested yet') : t('of pairs in the test; a coin gets 50%'),
        },
      ]}
    />
  )
}

function ModelNote({ model, asOf }: { model: NonNullable<Churn['model']>; asOf: Churn['as_of'] }) {
  const fell = model.method.startsWith('hiatus')
  return (
    <Note tone={model.auc === null || fell ? 'warn' : 'info'} title={t('Told by {method}', { method: model.method })}>
      {model.verdict}{' '}
      {asOf && (
        <>
          {t('Scores as of')} <Time at={asOf} look="short" />.{' '}
        </>
      )}
      <TextLink to="/churn/model">{t('Model card')}</TextLink>
    </Note>
  )
}

function Bones() {
  return (
    <div className="space-y-5">
      <Skeleton className="h-30 w-full" />
      <Skeleton className="h-16 w-full" />
      <div className="grid gap-5 lg:grid-cols-2">
        <Skeleton className="h-80 w-full" />
        <Skeleton className="h-80 w-full" />
      </div>
      <Skeleton className="h-96 w-full" />
    </div>
  )
}
