import { at, idOf, instant, report, text, type ReportReader } from './report.ts'

// Its types (facts/messaging.md §2.2). Auto-replies, challenges and address changes are no bounces.
const hard = new Set(['HardBounce', 'BadEmailAddress'])
const later = new Set(['Transient', 'DnsError'])
const soft = new Set([
  'SoftBounce',
  'Blocked',
  'DMARCPolicy',
  'SpamNotification',
  'VirusNotification',
  'SMTPApiError',
  'InboundError',
  'TemplateRenderingFailed',
  'Unconfirmed',
  'ManuallyDeactivated',
])

/** A webhook of Postmark, by its RecordType. */
export const readPostmark: ReportReader = (event) => {
  const record = at(event, 'RecordType')
  const when =
    at(event, 'DeliveredAt') ?? at(event, 'BouncedAt') ?? at(event, 'ReceivedAt') ?? at(event, 'ChangedAt') ?? null
  const base = {
    sendId: idOf(at(event, 'Metadata', 'send_id')),
    recipient: text(at(event, 'Recipient')) ?? text(at(event, 'Email')),
    at: instant(when, new Date(0)),
    code: text(at(event, 'Type')),
    detail: text(at(event, 'Details')) ?? text(at(event, 'Description')),
  }
  const hit = { ...base, code: null, detail: null, userAgent: text(at(event, 'UserAgent')) }
  switch (record) {
    case 'Delivery':
      return report({ ...base, code: null, kind: 'delivered' })
    case 'Bounce': {
      const type = base.code ?? ''
      if (later.has(type)) return report({ ...base, kind: 'deferred' })
      if (hard.has(type)) return report({ ...base, kind: 'bounced', hardness: 'hard' })
      if (soft.has(type)) return report({ ...base, kind: 'bounced' })
      if (type === 'SpamComplaint') return report({ ...base, kind: 'complained' })
      if (type === 'Unsubscribe') return report({ ...base, kind: 'unsubscribed' })
      return null
    }
    case 'SpamComplaint':
      return report({ ...base, kind: 'complained' })
    case 'SubscriptionChange': {
      if (at(event, 'SuppressSending') !== true) return null
      const reason = at(event, 'SuppressionReason')
      if (reason === 'ManualSuppression') return report({ ...base, code: null, kind: 'unsubscribed' })
      if (reason === 'SpamComplaint') return report({ ...base, code: null, kind: 'complained' })
      return report({ ...base, code: 'HardBounce', kind: 'bounced', hardness: 'hard' })
    }
    case 'Open':
      return report({ ...hit, kind: 'opened' })
    case 'Click':
      return report({ ...hit, kind: 'clicked' })
    default:
      return null
  }
}
