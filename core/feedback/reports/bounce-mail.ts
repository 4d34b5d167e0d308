import { at, idOf, instant, report, text, type ReportReader } from './report.ts'
import { classifyBounce } from '../bounces/classify.ts'

/** A bounce or complaint that came as a mail, taken apart and authenticated when it was stored. */
export const readBounceMail: ReportReader = (stored) => {
  const base = {
    sendId: idOf(at(stored, 'send_id')),
    at: instant(at(stored, 'received_at'), new Date(0)),
    code: text(at(stored, 'status')),
    detail: text(at(stored, 'diagnostic')),
  }
  switch (at(stored, 'action')) {
    case 'failed':
      return report({ ...base, kind: 'bounced', hardness: classifyBounce(base.code, base.detail) })
    case 'delayed':
      return report({ ...base, kind: 'deferred' })
    case 'delivered':
      return report({ ...base, kind: 'delivered' })
    case 'complaint':
      return report({ ...base, kind: 'complained' })
    case 'opt-out':
      return report({ ...base, kind: 'unsubscribed' })
    default:
      return null
  }
}
