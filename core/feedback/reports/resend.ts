import { classifyBounce } from '../bounces/classify.ts'
import { at, idOf, instant, report, text, type ReportReader } from './report.ts'

/** An event of Resend. Tags come as an object, in older posts as a list. */
export const readResend: ReportReader = (event) => {
  const data = at(event, 'data')
  const tags = at(data, 'tags')
  const tag = Array.isArray(tags)
    ? at(
        tags.find((x) => at(x, 'name') === 'send_id'),
        'value',
      )
    : at(tags, 'send_id')
  const base = {
    sendId: idOf(tag),
    recipient: text(at(data, 'to', 0)),
    at: instant(at(event, 'created_at'), new Date(0)),
  }
  const hit = (part: string) => ({ ...base, userAgent: text(at(data, part, 'userAgent')) })
  switch (at(event, 'type')) {
    case 'email.sent':
      return report({ ...base, kind: 'accepted' })
    case 'email.delivered':
      return report({ ...base, kind: 'delivered' })
    case 'email.delivery_delayed':
      return report({ ...base, kind: 'deferred' })
    case 'email.bounced': {
      const type = text(at(data, 'bounce', 'type'))
      const detail = text(at(data, 'bounce', 'message'))
      const isHard =
        type === 'Permanent' && (!/\b[245]\.\d+\.\d+\b/.test(detail ?? '') || classifyBounce(null, detail) === 'hard')
      return report({ ...base, code: type, detail, kind: 'bounced', hardness: isHard ? 'hard' : 'soft' })
    }
    case 'email.failed':
      return report({ ...base, detail: text(at(data, 'failed', 'reason')), kind: 'bounced' })
    case 'email.suppressed': {
      const type = text(at(data, 'suppressed', 'type')) ?? ''
      if (/unsub/i.test(type)) return report({ ...base, kind: 'bounced', closes: 'unsubscribe' })
      if (/complain|spam/i.test(type)) return report({ ...base, kind: 'bounced', closes: 'complaint' })
      return report({ ...base, kind: 'bounced', hardness: 'hard' })
    }
    case 'email.complained':
      return report({ ...base, kind: 'complained' })
    case 'email.opened':
      return report({ ...hit('open'), kind: 'opened' })
    case 'email.clicked':
      return report({ ...hit('click'), kind: 'clicked' })
    default:
      return null
  }
}
