/** Events of the product's own log as other programs see them; the database maps the same (webhook_type_of). */
export const webhookTypes: Readonly<Record<string, string>> = {
  sent: 'send.sent',
  delivered: 'send.delivered',
  failed: 'send.failed',
  bounce: 'send.bounced',
  complaint: 'send.complained',
  open: 'send.opened',
  click: 'send.clicked',
  unsubscribe: 'customer.unsubscribed',
  resubscribe: 'customer.resubscribed',
  subscribe: 'customer.subscribed',
  preferences_changed: 'customer.preferences_changed',
  reply: 'customer.replied',
  segment_entered: 'segment.entered',
  segment_left: 'segment.left',
  conversion: 'order.attributed',
}

/** What a subscription may ask for, with its meaning in words. */
export const webhookEvents = {
  'send.sent': 'A message left',
  'send.delivered': 'The customer’s server took it',
  'send.failed': 'It was refused and will not be tried again',
  'send.bounced': 'It came back',
  'send.complained': 'It was reported as spam',
  'send.opened': 'It was opened, by a person or a machine',
  'send.clicked': 'A link in it was followed',
  'customer.subscribed': 'A customer said yes to a channel',
  'customer.unsubscribed': 'A customer said no to a channel',
  'customer.resubscribed': 'A customer took a no back',
  'customer.preferences_changed': 'A customer chose topics, pace or a pause',
  'customer.replied': 'A customer texted back',
  'segment.entered': 'A customer came into a segment',
  'segment.left': 'A customer left a segment',
  'order.attributed': 'An order followed a message',
  'campaign.approved': 'A campaign was approved',
  'campaign.scheduled': 'A campaign was scheduled',
  'campaign.started': 'A campaign began to send',
  'campaign.paused': 'A campaign was paused',
  'campaign.resumed': 'A campaign went on',
  'campaign.completed': 'A campaign is done',
  'campaign.cancelled': 'A campaign was cancelled',
  'campaign.reopened': 'A campaign is a draft again',
  'notice.created': 'Something that needs a look: imports, providers, mailboxes',
} as const
export type WebhookEvent = keyof typeof webhookEvents
export const webhookEventNames = Object.keys(webhookEvents) as [WebhookEvent, ...WebhookEvent[]]

/** A chat room reads campaigns and notices; a line for every message would only be noise. */
export const chatEvents = webhookEventNames.filter((e) => e.startsWith('campaign.') || e.startsWith('notice.'))

/** Tries of one delivery, over about three days. */
export const webhookTries = 12
/** A subscription whose every try fails for so long is switched off. */
export const webhookPatienceDays = 5

const firstWaitMs = 5_000
const longestWaitMs = 12 * 3_600_000

/**
 * Milliseconds until the next try after `attempts` tries: four times longer each time, with a fifth of it left to chance
 * so that what failed together does not come back together. @param chance in [0, 1) @param retryAfterMs what the
 * receiver asked for, at most a day
 */
export function webhookWaitMs(attempts: number, chance: number, retryAfterMs: number | null): number {
  const plain = Math.min(longestWaitMs, firstWaitMs * 4 ** Math.max(0, attempts - 1))
  const wait = Math.round(plain * (0.9 + 0.2 * chance))
  return Math.max(wait, Math.min(retryAfterMs ?? 0, 86_400_000))
}
