import { Plus } from 'lucide-react'
import { useNavigate } from '@tanstack/react-router'
import { readyMade } from '#core/segments/ready-made.ts'
import type { ReplyOf } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { text, useUrl } from '../../lib/url.ts'
import { Button, LinkButton, TextLink } from '../../ui/button.tsx'
import { SearchBox } from '../../ui/field.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { PlaybooksFile } from './playbooks-file.tsx'

type Segment = ReplyOf<'GET /api/v1/segments'>['data'][number]
const list = 'GET /api/v1/segments'

/** Groups of customers: those of the scores, and those a person described. */
export default function SegmentsPage() {
  const may = useMay('manager')
  const [url, setUrl] = useUrl({ q: text() })
  const query = useApi(list, { query: { page_size: 200, q: url.q || undefined } })
  return (
    <Page
      title={t('Segments')}
      subtitle={t('Whom the planner can speak to. Each is kept up to date by itself.')}
      actions={
        may && (
          <LinkButton to="/segments/new" look="primary">
            <Plus aria-hidden />
            {t('New segment')}
          </LinkButton>
        )
      }
    >
      <div className="space-y-5">
        <SearchBox value={url.q} onChange={(q) => setUrl({ q })} label={t('Search segments')} />
        <QueryFrame query={query} what={t('The segments')} skeleton={<Skeleton className="h-120" />}>
          {({ data }) => {
            const own = data.filter((s) => s.kind !== 'rfm')
            return (
              <div className="grid items-start gap-5 lg:grid-cols-2">
                <div className="space-y-5">
                  <Panel
                    title={t('Your own')}
                    detail={t('Described by rules you can read and change, or picked by hand')}
                    flush
                  >
                    {own.length === 0 ? (
                      <Empty kind="none" title={url.q ? t('No segment matches') : t('None yet')}>
                        {url.q ? null : t('Begin with a ready-made one below, or describe your own.')}
                      </Empty>
                    ) : (
                      <SegmentList segments={own} />
                    )}
                  </Panel>
                  {may && <ReadyMadePanel taken={new Set(own.map((s) => s.name))} />}
                  <PlaybooksFile />
                </div>
                <Panel
                  title={t('From the scores')}
                  detail={t('By recency, frequency and spend; every customer is in one')}
                  flush
                >
                  <SegmentList segments={data.filter((s) => s.kind === 'rfm')} />
                </Panel>
              </div>
            )
          }}
        </QueryFrame>
      </div>
    </Page>
  )
}

function SegmentList({ segments }: { segments: readonly Segment[] }) {
  const top = Math.max(1, ...segments.map((s) => s.customer_count))
  return (
    <ul className="wrap-anywhere">
      {segments.map((s) => (
        <li key={s.id} className="border-t border-line px-4 py-2.5">
          <div className="flex items-baseline gap-3">
            <TextLink to="/segments/$id" params={{ id: s.id }} className="min-w-0 flex-1 font-medium">
              {s.name}
            </TextLink>
            {s.kind === 'snapshot' && <Pill tone="info">{t('Picked by hand')}</Pill>}
            {!s.is_active && <Pill>{t('Off')}</Pill>}
            <span className="font-semibold">{count(s.customer_count)}</span>
          </div>
          <div className="mt-1.5 h-1 rounded-full bg-sunken" aria-hidden>
            <div className="h-1 rounded-full bg-primary" style={{ width: `${(100 * s.customer_count) / top}%` }} />
          </div>
          <p className="pt-1 text-sm text-ink-2">
            {s.description}
            {s.last_computed_at && (
              <>
                {s.description ? '. ' : ''}
                {t('Counted')} <Time at={s.last_computed_at} look="ago" />
              </>
            )}
          </p>
        </li>
      ))}
    </ul>
  )
}

function ReadyMadePanel({ taken }: { taken: ReadonlySet<string> }) {
  const navigate = useNavigate()
  const create = useSend('POST /api/v1/segments', {
    refresh: [list],
    onDone: (made) => {
      toast(t('{name} added', { name: made.name }))
      void navigate({ to: '/segments/$id', params: { id: made.id } } as never)
    },
  })
  const left = readyMade.filter((r) => !taken.has(r.name))
  if (left.length === 0) return null
  return (
    <Panel title={t('Ready made')} detail={t('Good ones to begin with; every figure can be changed')} flush>
      <ul>
        {left.map((r) => (
          <li key={r.name} className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line px-4 py-2.5">
            <span className="min-w-0 flex-1 basis-56">
              <span className="block font-medium">{r.name}</span>
              <span className="block text-sm text-ink-2">{r.description}</span>
            </span>
            <Button
              disabled={create.isPending}
              aria-label={t('Add {name}', { name: r.name })}
              onClick={() =>
                create.mutate({
                  body: { name: r.name, description: r.description, rules: r.rules, recommended_offers: [...r.offers] },
                })
              }
            >
              {t('Add')}
            </Button>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
