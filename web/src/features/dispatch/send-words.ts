import type { ReplyOf } from '../../lib/api.ts'
import { ago, instant, money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'

export type Send = ReplyOf<'GET /api/v1/sends'>['data'][number]
export type SendDetail = ReplyOf<'GET /api/v1/sends/:id'>
export type SendEvent = ReplyOf<'GET /api/v1/sends/:id/events'>['data'][number]

export const sendStatuses = ['pending', 'claimed', 'sent', 'delivered', 'failed', 'bounced', 'skipped', 'cancelled', 'unknown'] as const

/** The furthest a send got, opens and orders included. */
export function furthest(send: Pick<Send, 'status' | 'opened_at' | 'clicked_at' | 'converted_at'>): string {
  if (send.converted_at) return 'bought'
  if (send.clicked_at) return 'clicked'
  if (send.opened_at) return 'opened'
  return send.status
}

/** When it went out, or when it will. */
export function sendTime(send: Pick<Send, 'sent_at' | 'due_at' | 'status'>): string {
  if (send.sent_at) return instant(send.sent_at)
  return send.status === 'pending' ? t('due {when}', { when: ago(send.due_at) }) : '–'
}

const eventWords: Record<string, string> = {
  queued: 'Queued',
  sent: 'Handed to the provider',
  accepted: 'Accepted by the provider',
  delivered: 'Delivered',
  deferred: 'Put off by the provider, will be tried again',
  open: 'Opened',
  opened: 'Opened',
  click: 'Clicked',
  clicked: 'Clicked',
  unsubscribe: 'Unsubscribed',
  unsubscribed: 'Unsubscribed',
  bounce: 'Bounced',
  bounced: 'Bounced',
  complaint: 'Marked as spam',
  complained: 'Marked as spam',
  purchase: 'Bought',
  conversion: 'Bought',
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
