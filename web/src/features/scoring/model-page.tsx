import type { ReplyOf } from '../../lib/api.ts'
import { count, day, decimal, duration, percent, ticketCount, ticketPercent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { text, useUrl } from '../../lib/url.ts'
import { Button, TextButton, TextLink } from '../../ui/button.tsx'
import { Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Note, Panel } from '../../ui/panel.tsx'
import { TicketRow } from '../../ui/ticket-row.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { BacktestPanel } from './backtest-panel.tsx'
import { CalibrationPanel } from './calibration-panel.tsx'
import { ModelHistory } from './model-history.tsx'

export type Card = ReplyOf<'GET /api/v1/scoring/model'>

/** What the scores are made with: data, parameters, the test on weeks the model had not seen, and what it cannot know. */
export default function ModelPage() {
  const [url, setUrl] = useUrl({ version: text() })
  const query = useApi('GET /api/v1/scoring/model', { query: { version: url.version || undefined } })
  const may = useMay('manager')
  const compute = useSend('POST /api/v1/scores/compute', {
    onDone: () => toast(t('Scoring has started. It learns anew, tests itself, and takes a minute at most.')),
  })
  return (
    <Page
      title={t('Model card')}
      back={<TextLink to="/churn">{t('Churn')}</TextLink>}
      subtitle={t('How churn, customer value and the next order are told, and how well')}
      actions={
        may &&
        !url.version && (
          <Button disabled={compute.isPending} onClick={() => compute.mutate({ body: {} })}>
            {t('Learn and score now')}
          </Button>
        )
      }
    >
      <QueryFrame query={query} what={t('The model')} skeleton={<Bones />}>
        {(card) => (
          <div className="space-y-5">
            {url.version && (
              <Note tone="warn" title={t('An earlier model')}>
                <TextButton onClick={() => setUrl({ version: '' })}>{t('Show the one in force')}</TextButton>
              </Note>
            )}
            <Figures card={card} />
            <Note
              tone={card.method === 'hiatus' ? 'risk' : card.backtest ? 'good' : 'warn'}
              title={t('Who comes back is told by {method}', { method: card.method_words })}
            >
              {card.verdict}
            </Note>
            <div className="grid items-start gap-5 lg:grid-cols-2">
              {card.backtest && <BacktestPanel backtest={card.backtest} />}
              {card.backtest && <CalibrationPanel backtest={card.backtest} />}
              <ParametersPanel card={card} />
              <div className="space-y-5">
                <LimitsPanel limits={card.limits} />
                <DataPanel card={card} />
              </div>
            </div>
            <ModelHistory shown={card.version} onShow={(version) => setUrl({ version }, { push: true })} />
          </div>
        )}
      </QueryFrame>
    </Page>
  )
}

function Figures({ card }: { card: Card }) {
  const chosen = card.backtest?.candidates.find((c) => c.method === card.backtest?.chosen)
  return (
    <TicketRow
      label={t('How good it is')}
      items={[
        {
          label: t('Right order'),
          figure: chosen ? ticketPercent(chosen.auc) : null,
          note: card.backtest
            ? t('of pairs; “who was here last” gets {share}', { share: percent(card.backtest.recency_auc, 1) })
            : t('not tested'),
        },
        {
          label: t('Off by'),
          figure: card.backtest ? ticketPercent(Math.abs(card.backtest.bias)) : null,
          note: card.backtest
            ? card.backtest.bias < 0
              ? t('too few orders expected in the test')
              : t('too many orders expected in the test')
            : t('not tested'),
        },
        {
          label: t('Customers'),
          figure: ticketCount(card.data.customers),
          note: t('{n, plural, one {# order} other {# orders}} learned from', { n: card.data.orders }),
        },
        {
          label: t('Looks ahead'),
          figure: ticketCount(Math.round(card.horizon_weeks)),
          note: t('weeks without an order count as churn'),
        },
      ]}
    />
  )
}

function ParametersPanel({ card }: { card: Card }) {
  return (
    <Panel title={t('Parameters')} detail={t('What was found in your orders, and what it means')}>
      <dl className="space-y-2">
        {card.parameters.map((p) => (
          <div key={p.name} className="grid grid-cols-[1fr_auto] gap-x-3 sm:grid-cols-[5.5rem_5rem_minmax(0,1fr)]">
            <dt className="font-medium">{p.name}</dt>
            <dd className="text-right">{decimal(p.value, 3)}</dd>
            <dd className="col-span-2 text-sm text-ink-2 sm:col-span-1">{p.meaning}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

function LimitsPanel({ limits }: { limits: readonly string[] }) {
  return (
    <Panel title={t('Known limits')}>
      <ul className="space-y-1.5">
        {limits.map((limit) => (
          <li
            key={limit}
            className="relative pl-3.5 before:absolute before:left-0 before:top-2 before:size-1.5 before:rounded-full before:bg-shelf"
          >
            {limit}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function DataPanel({ card }: { card: Card }) {
  const { data } = card
  return (
    <Panel title={t('Data and fit')}>
      <Facts
        items={[
          [
            t('Version'),
            <span key="v" className="break-all">
              {card.version}
            </span>,
          ],
          [t('As of'), <Time key="as" at={card.as_of} look="short" />],
          [t('Made'), <Time key="at" at={card.created_at} look="short" />],
          [
            t('Orders of'),
            data.first_day && data.last_day
              ? t('{from} to {to}', { from: day(data.first_day, 'date'), to: day(data.last_day, 'date') })
              : '–',
          ],
          [t('Looked back on'), t('{n, plural, one {# customer} other {# customers}}', { n: data.sampled })],
          [t('Learning took'), duration(card.fit_seconds)],
          [t('Scored with it'), count(card.scored)],
          [t('Log-likelihood'), card.regularity.map((value, i) => `k = ${i + 1}: ${decimal(value, 1)}`).join('; ')],
        ]}
      />
    </Panel>
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
    </div>
  )
}
