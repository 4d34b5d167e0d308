import { Plus } from 'lucide-react'
import { instant, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { choice, useUrl, whole } from '../../lib/url.ts'
import { Button, LinkButton, TextLink } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { dimensionWord, metricWord, outcomeTone, outcomeWord, type Experiment } from './experiment-words.ts'

const spec = { status: choice(['', 'draft', 'running', 'finished'], ''), page: whole(1) }
const size = 20

/** Tests of one thing at a time, and who is held out. */
export default function ExperimentsPage() {
  const [url, setUrl] = useUrl(spec)
  const may = useMay('manager')
  const query = useApi('GET /api/v1/experiments', {
    query: { page: url.page, page_size: size, ...(url.status ? { status: url.status } : {}) },
  })
  const add = may && (
    <LinkButton to="/experiments/new" look="primary">
      <Plus aria-hidden />
      {t('New test')}
    </LinkButton>
  )
  return (
    <Page
      title={t('Tests')}
      subtitle={t('One thing at a time, with customers drawn by lot: then the difference is the cause.')}
      actions={
        <>
          <Select
            label={t('State')}
            className="w-36"
            value={url.status}
            onChange={(e) => setUrl({ status: e.target.value as (typeof url)['status'] })}
            options={[
              { value: '', label: t('All') },
              { value: 'draft', label: t('Not started') },
              { value: 'running', label: t('Running') },
              { value: 'finished', label: t('Decided') },
            ]}
          />
          {add}
        </>
      }
    >
      <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(0,1fr)_340px]">
        <QueryFrame query={query} what={t('The tests')} skeleton={<Skeleton className="h-80 w-full" />}>
          {({ data, total }) => (
            <Panel
              title={total === 0 ? t('Tests') : t('{n, plural, one {# test} other {# tests}}', { n: total })}
              flush
            >
              {data.length === 0 ? (
                <Empty
                  kind={url.status ? 'none' : 'shelf'}
                  title={url.status ? t('No test in this state') : t('No test yet')}
                  action={
                    url.status ? <Button onClick={() => setUrl({ status: '' })}>{t('Clear filters')}</Button> : add
                  }
                >
                  {url.status ? null : t('Try two subjects in the next campaign, and let the customers decide.')}
                </Empty>
              ) : (
                <ul>
                  {data.map((e) => (
                    <Row key={e.id} experiment={e} />
                  ))}
                </ul>
              )}
              {total > size && (
                <div className="flex items-center justify-end gap-2 border-t border-line p-3">
                  <Button size="sm" disabled={url.page <= 1} onClick={() => setUrl({ page: url.page - 1 })}>
                    {t('Newer')}
                  </Button>
                  <Button size="sm" disabled={url.page * size >= total} onClick={() => setUrl({ page: url.page + 1 })}>
                    {t('Older')}
                  </Button>
                </div>
              )}
            </Panel>
          )}
        </QueryFrame>
        <HoldoutPanel />
      </div>
    </Page>
  )
}

function Row({ experiment: e }: { experiment: Experiment }) {
  const result = useApi(
    'GET /api/v1/experiments/:id/results',
    { params: { id: e.id } },
    { enabled: e.status === 'running', staleMs: 60_000 },
  )
  const winner = e.variants.find((v) => v.key === e.winner)
  return (
    <li className="border-t border-line px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <TextLink to="/experiments/$id" params={{ id: e.id }} className="font-medium">
          {e.name}
        </TextLink>
        {e.status === 'draft' && <Pill>{t('Not started')}</Pill>}
        {e.status === 'running' && result.data && (
          <Pill tone={outcomeTone(result.data.outcome)}>{outcomeWord(result.data.outcome)}</Pill>
        )}
        {e.status === 'finished' && (
          <Pill tone={winner ? 'good' : 'neutral'}>
            {winner ? t('Taken: {version}', { version: winner.label }) : t('Stopped')}
          </Pill>
        )}
        <span className="ml-auto text-sm text-ink-2">
          {e.started_at ? instant(e.started_at, 'day') : t('made {when}', { when: instant(e.created_at, 'day') })}
        </span>
      </div>
      <p className="text-sm text-ink-2">
        {dimensionWord(e.dimension)}: {e.variants.map((v) => v.label).join(' / ')} · {metricWord(e.metric)}
        {e.campaign_id && (
          <>
            {' · '}
            <TextLink to="/campaigns/$id" params={{ id: e.campaign_id }}>
              {e.campaign_name}
            </TextLink>
          </>
        )}
      </p>
      {e.status === 'running' && result.data && <p className="pt-1">{result.data.verdict}</p>}
      {e.decision && <p className="pt-1 text-sm">{e.decision}</p>}
    </li>
  )
}

function HoldoutPanel() {
  const query = useApi('GET /api/v1/experiments/holdout', undefined, { staleMs: 60_000 })
  return (
    <QueryFrame query={query} what={t('The holdout')} skeleton={<Skeleton className="h-48 w-full" />}>
      {(h) => (
        <Panel
          title={t('Held out of everything')}
          detail={
            h.share > 0 ? t('{share} of customers in {year}', { share: percent(h.share, 0), year: h.year }) : t('Off')
          }
        >
          <p>{h.verdict}</p>
          <p className="pt-2 text-sm text-ink-2">
            {t(
              'Each campaign holds some customers out as well; that share is set in the campaign and under Sending limits.',
            )}
          </p>
          <p className="flex flex-wrap gap-4 pt-2 text-sm">
            <TextLink to="/analytics" search={{ tab: 'proof' }}>
              {t('What if more were held out?')}
            </TextLink>
            <TextLink to="/analytics" search={{ tab: 'data' }}>
              {t('Change the share')}
            </TextLink>
          </p>
        </Panel>
      )}
    </QueryFrame>
  )
}
