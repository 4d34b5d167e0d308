import { useInfiniteQuery } from '@tanstack/react-query'
import type { PlanEntry } from '#core/planning/plan.ts'
import { api } from '../../lib/api.ts'
import { day } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { choice, text, useUrl } from '../../lib/url.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { channelWord, Pill, Status } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import type { Campaign } from './campaign-words.ts'
import { segmentWord, type SegmentNames } from './plan-words.ts'

const endpoint = 'GET /api/v1/campaigns/:id/recipients'
const spec = { who: choice(['', 'pending', 'skipped', 'holdout'], ''), of: text() }

/** Who gets it, who does not, and why. */
export function RecipientsTab({ campaign, names }: { campaign: Campaign; names: SegmentNames }) {
  const [url, setUrl] = useUrl(spec)
  const query = useInfiniteQuery({
    queryKey: [
      endpoint,
      { params: { id: campaign.id }, query: url, version: campaign.plan_version, status: campaign.status },
    ],
    queryFn: ({ pageParam, signal }) =>
      api(
        endpoint,
        {
          params: { id: campaign.id },
          query: {
            status: url.who === '' ? undefined : url.who,
            entry: url.of || undefined,
            page_size: 50,
            cursor: pageParam,
          },
        },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })
  const entries = campaign.weekly_plan?.entries ?? []
  const label = (e: PlanEntry): string =>
    `${day(e.day, 'weekday')} · ${segmentWord(e.segment, names)} · ${e.offer.title}`
  return (
    <Panel
      title={t('Recipients')}
      detail={t('One line per customer and entry of the plan.')}
      flush
      actions={
        <>
          <Select
            label={t('Entry of the plan')}
            className="w-56 max-sm:w-full"
            value={url.of}
            onChange={(e) => setUrl({ of: e.target.value })}
            options={[
              { value: '', label: t('The whole plan') },
              ...entries.map((e) => ({ value: e.id, label: label(e) })),
            ]}
          />
          <Select
            label={t('Who')}
            className="w-44 max-sm:w-full"
            value={url.who}
            onChange={(e) => setUrl({ who: e.target.value as (typeof url)['who'] })}
            options={[
              { value: '', label: t('Everybody') },
              { value: 'pending', label: t('Gets it') },
              { value: 'skipped', label: t('Does not get it') },
              { value: 'holdout', label: t('Held out') },
            ]}
          />
        </>
      }
    >
      <QueryFrame
        query={query}
        what={t('The recipients')}
        skeleton={
          <div className="p-4">
            <Skeleton className="h-96 w-full" />
          </div>
        }
      >
        {({ pages }) => {
          const rows = pages.flatMap((p) => p.data)
          if (rows.length === 0)
            return (
              <Empty
                kind="none"
                title={t('Nobody here')}
                action={
                  url.who || url.of ? (
                    <Button onClick={() => setUrl({ who: '', of: '' })}>{t('Clear filters')}</Button>
                  ) : undefined
                }
              />
            )
          return (
            <>
              {pages[0]?.is_final === false && (
                <div className="px-4 pb-3">
                  <Note>
                    {t('Not started: this is what would happen now. Every message is checked again when it leaves.')}
                  </Note>
                </div>
              )}
              <ul className="border-t border-line">
                {rows.map((r) => (
                  <li
                    key={r.customer_id + r.entry_id}
                    data-row
                    className="grid gap-x-4 gap-y-0.5 border-b border-line px-4 py-2 last:border-0 sm:grid-cols-[minmax(0,1.2fr)_minmax(0,1.4fr)_minmax(0,2fr)] sm:items-baseline"
                  >
                    <span className="flex items-baseline justify-between gap-2">
                      <TextLink to="/customers/$id" params={{ id: r.customer_id }} className="truncate">
                        {r.customer_name ?? t('Unnamed customer')}
                      </TextLink>
                      <span className="sm:hidden">
                        <Outcome status={r.status} final={pages[0]?.is_final !== false} />
                      </span>
                    </span>
                    <span className="text-sm text-ink-2">
                      {day(r.day, 'weekday')} · {channelWord(r.channel)} · {segmentWord(r.segment, names)}
                    </span>
                    <span className="flex flex-wrap items-baseline gap-x-2 text-sm">
                      <span className="max-sm:hidden">
                        <Outcome status={r.status} final={pages[0]?.is_final !== false} />
                      </span>
                      <span className="min-w-0 text-ink-2">
                        {r.status === 'holdout'
                          ? t('kept without a message, to measure the effect')
                          : (r.because ?? (r.due_at ? <Time at={r.due_at} /> : ''))}
                      </span>
                    </span>
                  </li>
                ))}
              </ul>
              {query.hasNextPage && (
                <div className="p-4">
                  <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                    {t('Show more')}
                  </Button>
                </div>
              )}
            </>
          )
        }}
      </QueryFrame>
    </Panel>
  )
}

/** Before the start nobody is queued yet: the word says what will be. */
function Outcome({ status, final }: { status: string; final: boolean }) {
  return final || status !== 'pending' ? <Status value={status} /> : <Pill tone="good">{t('Gets it')}</Pill>
}
