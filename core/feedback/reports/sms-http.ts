import { at, idOf, instant, report, text, type ReportReader } from './report.ts'

/**
 * A post of a text gateway, with the settings that say how to read it laid beside it when it was stored: `{event, as}`.
 * What has a text and a sender came in; what has one of the words for a status is a report.
 */
export const readSmsHttp: ReportReader = (stored) => {
  const event = at(stored, 'event')
  const as = at(stored, 'as')
  const path = (name: string): string[] => (text(at(as, name)) ?? '').split('.')
  const when = instant(
    at(event, 'at') ?? at(event, 'received_at') ?? at(event, 'timestamp'),
    instant(at(stored, 'received_at'), new Date(0)),
  )
  const status = text(at(event, ...path('status_path')))?.toLowerCase()
  if (status === undefined) {
    const from = text(at(event, 'from'))
    const body = at(event, ...path('text_field'))
    if (!from || typeof body !== 'string') return null
    return { type: 'reply', from, body: body.toWellFormed().slice(0, 1600), at: when, keyword: null }
  }
  const has = (name: string): boolean => (text(at(as, name)) ?? '').split(',').includes(status)
  const base = {
    sendId: idOf(at(event, ...path('reference_field'))),
    recipient: text(at(event, 'to')),
    at: when,
    code: status,
    detail: text(at(event, 'error')),
  }
  if (has('delivered_words')) return report({ ...base, kind: 'delivered' })
  // Gateways have no common word for "this number does not exist": soft, and dead after repeats.
  if (has('failed_words')) return report({ ...base, kind: 'bounced' })
  return report({ ...base, kind: 'accepted' })
}
