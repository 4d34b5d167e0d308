import { classifyBounce } from '../bounces/classify.ts'
import { at, idOf, instant, report, text, type ReportReader } from './report.ts'

/** `event-data` of a Mailgun webhook. */
export const readMailgun: ReportReader = (event) => {
  const status = text(at(event, 'delivery-status', 'message')) ?? text(at(event, 'delivery-status', 'description'))
  const id = text(at(event, 'id'))
  const when = instant(at(event, 'timestamp'), new Date(0))
  const base = {
    // Its ids are unique within a day only; a post that is tried again has a new token.
    eventId: id && `${id}@${when.toISOString().slice(0, 10)}`,
    sendId: idOf(at(event, 'user-variables', 'send_id')),
    recipient: text(at(event, 'recipient')),
    at: when,
    code: text(at(event, 'delivery-status', 'code')),
    detail: status,
  }
  const bot = at(event, 'client-info', 'bot')
  const hit = {
    ...base,
    code: null,
    detail: null,
    userAgent: text(at(event, 'client-info', 'user-agent')),
    ...(typeof bot === 'string' && bot !== '' ? { machine: true } : {}),
  }
  switch (at(event, 'event')) {
    case 'accepted':
      return report({ ...base, kind: 'accepted' })
    case 'delivered':
      return report({ ...base, kind: 'delivered' })
    case 'failed': {
      if (at(event, 'severity') === 'temporary') return report({ ...base, kind: 'deferred' })
      const reason = text(at(event, 'reason')) ?? ''
      // Mailgun itself keeps an address closed: it was not sent, and the reason holds for us as well.
      if (reason === 'suppress-unsubscribe') return report({ ...base, kind: 'bounced', closes: 'unsubscribe' })
      if (reason === 'suppress-complaint') return report({ ...base, kind: 'bounced', closes: 'complaint' })
      const isDead = reason === 'bounce' || reason === 'suppress-bounce'
      return report({
        ...base,
        kind: 'bounced',
        hardness: isDead && !/\b[245]\.\d+\.\d+\b/.test(status ?? '') ? 'hard' : classifyBounce(null, status),
      })
    }
    case 'rejected':
      return report({ ...base, kind: 'bounced', detail: text(at(event, 'reject', 'reason')) ?? status })
    case 'complained':
      return report({ ...base, kind: 'complained' })
    case 'unsubscribed':
      return report({ ...base, kind: 'unsubscribed' })
    case 'opened':
      return report({ ...hit, kind: 'opened' })
    case 'clicked':
      return report({ ...hit, kind: 'clicked' })
    default:
      return null
  }
}
