import type { ReplyOf } from '../../lib/api.ts'
import { money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import type { TimelineItem } from '../../ui/timeline.tsx'

export type Send = ReplyOf<'GET /api/v1/sends'>['data'][number]
export type SendDetail = ReplyOf<'GET /api/v1/sends/:id'>
export type SendEvent = ReplyOf<'GET /api/v1/sends/:id/events'>['data'][number]

/** The furthest a send got, opens and orders included. */
export function furthest(send: Pick<Send, 'status' | 'opened_at' | 'clicked_at' | 'converted_at'>): string {
  if (send.converted_at) return 'bought'
  if (send.clicked_at) return 'clicked'
  if (send.opened_at) return 'opened'
  return send.status
}

const eventWords: Record<string, string> = {
  queued: 'Queued',
  sent: 'Handed to the provider',
  accepted: 'Accepted by the provider',
  delivered: 'Delivered',
  deferred: 'Put off by the provider, will be tried again',
  open: 'Opened',
  open_hit: 'Picture loaded, not yet judged whether by a person',
  click_hit: 'Link followed, not yet judged whether by a person',
  opened: 'Opened',
  click: 'Clicked',
  clicked: 'Clicked',
  unsubscribe: 'Unsubscribed',
  unsubscribed: 'Unsubscribed',
  bounce: 'Bounced',
  bounced: 'Bounced',
  complaint: 'Marked as spam',
  reply: 'Texted back',
  complained: 'Marked as spam',
  purchase: 'Bought',
  conversion: 'Bought',
  conversion_withdrawn: 'Sale taken back',
  conversion_adjusted: 'Sale corrected',
  failed: 'Failed',
  skipped: 'Skipped',
  cancelled: 'Cancelled',
  unknown: 'Fate not known',
}

/** An event of analytics_events in words. */
export function eventWord(type: string): string {
  return t(eventWords[type] ?? type.replaceAll('_', ' ').replace(/^\w/, (c) => c.toUpperCase()))
}

/** What else an event says: a scanner, a sum, a reason. */
export function eventDetail(event: Pick<SendEvent, 'machine' | 'value_cents' | 'properties'>): string | null {
  const parts: string[] = []
  if (event.machine) parts.push(t('by a mail scanner, not a person'))
  if (event.value_cents !== null && event.value_cents !== 0) parts.push(money(event.value_cents))
  for (const key of ['detail', 'reason', 'code', 'url'] as const) {
    const value = event.properties[key]
    if (typeof value === 'string' && value !== '') parts.push(value)
  }
  return parts.length > 0 ? parts.join(', ') : null
}

/** Attempts and events of one message on one line of time, oldest first. */
export function stepsOf(send: SendDetail, events: readonly SendEvent[]): TimelineItem[] {
  const steps: (TimelineItem & { at: string })[] = []
  // Sends that were played in afterwards are younger than what happened to them.
  if (!send.sent_at || send.created_at <= send.sent_at)
    steps.push({ id: 'made', at: send.created_at, title: t('Queued') })
  for (const a of send.attempts) {
    steps.push({
      id: `attempt-${a.attempt}`,
      at: a.finished_at ?? a.started_at,
      title: attemptWord(a.outcome, a.provider),
      detail: [a.code, a.detail].filter(Boolean).join(': '),
      tone:
        a.outcome === 'rejected' ? 'risk' : a.outcome === 'unknown' || a.outcome === 'deferred' ? 'warn' : 'neutral',
    })
  }
  for (const e of events) {
    // The attempt already says that it left.
    if (['sent', 'accepted', 'queued'].includes(e.event_type) && send.attempts.length > 0) continue
    const risk = /bounce|complain|fail/.test(e.event_type)
    const good = /^(open|click|opened|clicked|purchase|conversion)$/.test(e.event_type) && !e.machine
    steps.push({
      id: e.id,
      at: e.occurred_at,
      title: eventWord(e.event_type),
      detail: eventDetail(e),
      tone: risk ? 'risk' : good ? 'good' : /unsub/.test(e.event_type) ? 'warn' : 'neutral',
    })
  }
  steps.sort((a, b) => a.at.localeCompare(b.at))
  if (send.status !== 'pending') return steps
  return [...steps, { id: 'due', at: null, title: t('Leaves when it is due') }]
}

function attemptWord(outcome: SendDetail['attempts'][number]['outcome'], provider: string): string {
  switch (outcome) {
    case 'accepted':
      return t('Sent through {provider}', { provider })
    case 'rejected':
      return t('Refused by {provider}', { provider })
    case 'deferred':
      return t('Put off by {provider}', { provider })
    case 'unknown':
      return t('No answer from {provider}', { provider })
    case null:
      return t('Handing to {provider}', { provider })
  }
}
