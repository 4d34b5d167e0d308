import { at, idOf, instant, report, text, type ReportReader } from './report.ts'

/** The number does not exist or cannot get texts, or its owner said STOP to Twilio. */
const dead = new Set(['21211', '21610', '21614', '30005', '30006'])
const meanings: Record<string, string> = {
  '21610': 'the recipient said STOP',
  '30003': 'the phone is off or away',
  '30004': 'blocked',
  '30005': 'the number does not exist',
  '30006': 'a landline, or a carrier that takes no texts',
  '30007': 'filtered by the carrier',
  '30008': 'the carrier gave no reason',
  '30034': 'the sender is not registered for 10DLC',
}

/** Fields of a Twilio post: a status callback (send_id from its address), or a text that came in. */
export const readTwilio: ReportReader = (fields) => {
  const when = instant(at(fields, 'received_at'), new Date(0))
  const status = at(fields, 'MessageStatus')
  if (typeof status !== 'string') {
    const from = text(at(fields, 'From'))
    const body = at(fields, 'Body')
    if (!from || typeof body !== 'string') return null
    const keyword = text(at(fields, 'OptOutType'))?.toLowerCase()
    return {
      type: 'reply',
      from,
      body: body.toWellFormed().slice(0, 1600),
      at: when,
      keyword: keyword === 'stop' || keyword === 'start' || keyword === 'help' ? keyword : null,
    }
  }
  const code = text(at(fields, 'ErrorCode'))
  const base = {
    sendId: idOf(at(fields, 'send_id')),
    recipient: text(at(fields, 'To')),
    at: when,
    code,
    detail: code ? (meanings[code] ?? text(at(fields, 'ErrorMessage'))) : null,
  }
  switch (status) {
    case 'sent':
      return report({ ...base, kind: 'accepted' })
    case 'delivered':
    case 'read':
      return report({ ...base, kind: 'delivered' })
    case 'undelivered':
    case 'failed':
      return report({ ...base, kind: 'bounced', hardness: code !== null && dead.has(code) ? 'hard' : 'soft' })
    default:
      return null
  }
}
