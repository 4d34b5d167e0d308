import { useInfiniteQuery } from '@tanstack/react-query'
import { api } from '../../lib/api.ts'
import { count, money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { channelWord, Status, type Tone } from '../../ui/pill.tsx'
import { Timeline } from '../../ui/timeline.tsx'
import type { HistoryEntry } from './customer-words.ts'

export const historyKinds = ['all', 'order', 'message'] as const
export type HistoryKind = (typeof historyKinds)[number]
const endpoint = 'GET /api/v1/customers/:id/history'

/** Purchases, messages and what came back, on one line of time. */
export function HistoryPanel({
  id,
  kind,
  onKind,
}: {
  id: string
  kind: HistoryKind
  onKind: (kind: HistoryKind) => void
}) {
  const wanted = { all: undefined, order: 'order', message: 'send,event' }[kind]
  const query = useInfiniteQuery({
    queryKey: [endpoint, { params: { id }, query: { kind: wanted } }],
    queryFn: ({ pageParam, signal }) =>
      api(endpoint, { params: { id }, query: { kind: wanted, page_size: 30, cursor: pageParam } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })
  const tabs: [HistoryKind, string][] = [
    ['all', t('Everything')],
    ['order', t('Purchases')],
    ['message', t('Messages')],
  ]
  return (
    <Panel
      title={t('Purchases and messages')}
      actions={
        <div role="group" aria-label={t('Show')} className="flex flex-wrap gap-1">
          {tabs.map(([value, label]) => (
            <Button
              key={value}
              size="sm"
              look={value === kind ? 'outline' : 'quiet'}
              aria-pressed={value === kind}
              onClick={() => onKind(value)}
            >
              {label}
            </Button>
          ))}
        </div>
      }
    >
      <QueryFrame query={query} what={t('The history')} skeleton={<Skeleton className="h-80 w-full" />}>
        {({ pages }) => {
          const entries = pages.flatMap((p) => p.data)
          if (entries.length === 0)
            return (
              <Empty
                kind={kind === 'all' ? 'shelf' : 'none'}
                title={kind === 'all' ? t('Nothing happened yet') : t('Nothing of this kind')}
              />
            )
          return (
            <>
              <Timeline
                label={t('History')}
                items={entries.map((e) => ({
                  id: e.id,
                  at: e.at,
                  tone: toneOf(e),
                  title: <Title entry={e} />,
                  detail: <Detail entry={e} />,
                }))}
              />
              {query.hasNextPage && (
                <Button className="mt-4" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t('Show older')}
                </Button>
              )}
            </>
          )
        }}
      </QueryFrame>
    </Panel>
  )
}

function Title({ entry: e }: { entry: HistoryEntry }) {
  return (
    <span className="inline-flex flex-wrap items-baseline gap-x-2">
      {e.send_id ? (
        <TextLink to="/sends" search={{ send: e.send_id }} className="inline-block py-0.5">
          {titleOf(e)}
        </TextLink>
      ) : (
        <span>{titleOf(e)}</span>
      )}
      {e.amount_cents !== null && <span className="font-semibold">{money(e.amount_cents)}</span>}
      {e.kind === 'send' && e.status && <Status value={e.status} />}
    </span>
  )
}

const events: Record<string, string> = {
  open: 'Opened',
  open_hit: 'Picture loaded',
  click_hit: 'Link followed',
  click: 'Clicked',
  unsubscribe: 'Unsubscribed',
  subscribe: 'Signed up',
  resubscribe: 'Took the no back',
  preferences_changed: 'Chose what to get',
  bounce: 'Bounced',
  complaint: 'Marked as spam',
  deferred: 'Put off by the provider',
  reply: 'Texted back',
  delivered: 'Delivered',
  segment_entered: 'Entered a segment',
  segment_left: 'Left a segment',
  page_view: 'Looked at a page',
  product_view: 'Looked at a product',
  add_to_cart: 'Put something into the cart',
  cart_abandoned: 'Left a full cart',
  sign_up: 'Signed up',
  order_cancelled: 'Order cancelled',
  conversion_withdrawn: 'Sale taken back',
  conversion_adjusted: 'Sale corrected',
}
const titleOf = (e: HistoryEntry): string =>
  e.kind === 'event' ? t(events[e.title.replaceAll(' ', '_')] ?? e.title.replaceAll('_', ' ')) : e.title

function Detail({ entry: e }: { entry: HistoryEntry }) {
  const items = e.items
    .slice(0, 4)
    .map((i) => (i.quantity === 1 ? i.name : t('{quantity} × {name}', { quantity: count(i.quantity), name: i.name })))
  const more = e.items.length - items.length
  if (more > 0) items.push(t('{more} more', { more }))
  const words = e.kind === 'order' ? items.join(', ') : e.channel ? channelWord(e.channel) : e.detail
  if (!words && !e.campaign_name) return null
  return (
    <>
      {words}
      {e.campaign_id && e.campaign_name && (
        <>
          {words ? ' · ' : ''}
          <TextLink to="/campaigns/$id" params={{ id: e.campaign_id }} className="inline-block py-0.5">
            {e.campaign_name}
          </TextLink>
        </>
      )}
    </>
  )
}

function toneOf(e: HistoryEntry): Tone {
  if (e.kind === 'order') return 'good'
  const word = `${e.status ?? ''} ${e.detail ?? ''}`
  if (/bounce|fail|complain/.test(word)) return 'risk'
  if (/skip|unsubscribe|unknown/.test(word)) return 'warn'
  return e.kind === 'send' ? 'info' : 'neutral'
}
