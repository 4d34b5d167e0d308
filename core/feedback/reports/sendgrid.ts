import { classifyBounce } from '../bounces/classify.ts'
import { at, idOf, instant, report, text, type ReportReader } from './report.ts'

/** One event of a SendGrid webhook's array; custom arguments lie beside its own fields. */
export const readSendgrid: ReportReader = (event) => {
  const reason = text(at(event, 'reason')) ?? text(at(event, 'response'))
  const status = text(at(event, 'status'))
  const base = {
    sendId: idOf(at(event, 'send_id')),
    recipient: text(at(event, 'email')),
    at: instant(at(event, 'timestamp'), new Date(0)),
    code: status,
    detail: reason,
  }
  const hit = { ...base, code: null, detail: null, userAgent: text(at(event, 'useragent')) }
  switch (at(event, 'event')) {
    case 'processed':
      return report({ ...base, kind: 'accepted' })
    case 'delivered':
      return report({ ...base, kind: 'delivered' })
    case 'deferred':
      return report({ ...base, kind: 'deferred' })
    case 'bounce':
      return report({
        ...base,
        kind: 'bounced',
        hardness: at(event, 'type') === 'blocked' ? 'soft' : classifyBounce(status, reason),
      })
    case 'dropped':
      if (/unsubscrib/i.test(reason ?? '')) return report({ ...base, kind: 'bounced', closes: 'unsubscribe' })
      if (/spam report/i.test(reason ?? '')) return report({ ...base, kind: 'bounced', closes: 'complaint' })
      return report({ ...base, kind: 'bounced', hardness: /bounced|invalid/i.test(reason ?? '') ? 'hard' : 'soft' })
    case 'spamreport':
      return report({ ...base, kind: 'complained' })
    case 'unsubscribe':
    case 'group_unsubscribe':
      return report({ ...base, kind: 'unsubscribed' })
    case 'open':
      return report({ ...hit, kind: 'opened', ...(at(event, 'sg_machine_open') === true ? { machine: true } : {}) })
    case 'click':
      return report({ ...hit, kind: 'clicked' })
    default:
      return null
  }
}
