import { classifyBounce } from '../bounces/classify.ts'
import { at, idOf, instant, report, text, type ReportReader } from './report.ts'

/** An event of Amazon SES as its SNS message carries it; older topics call the type `notificationType`. */
export const readSes: ReportReader = (event) => {
  const tags = at(event, 'mail', 'tags', 'send_id')
  const base = {
    sendId: idOf(Array.isArray(tags) ? tags[0] : tags),
    // One recipient a message: opens and clicks name none.
    recipient: text(at(event, 'mail', 'destination', 0)),
    at: instant(at(event, 'mail', 'timestamp'), new Date(0)),
  }
  const when = (part: string): Date => instant(at(event, part, 'timestamp'), base.at)
  const hit = (part: string) => ({ ...base, at: when(part), userAgent: text(at(event, part, 'userAgent')) })
  switch (at(event, 'eventType') ?? at(event, 'notificationType')) {
    case 'Send':
      return report({ ...base, kind: 'accepted' })
    case 'Delivery':
      return report({
        ...base,
        at: when('delivery'),
        detail: text(at(event, 'delivery', 'smtpResponse')),
        kind: 'delivered',
      })
    case 'DeliveryDelay':
      return report({
        ...base,
        at: when('deliveryDelay'),
        code: text(at(event, 'deliveryDelay', 'delayedRecipients', 0, 'status')),
        detail: text(at(event, 'deliveryDelay', 'delayType')),
        kind: 'deferred',
      })
    case 'Bounce': {
      const who = at(event, 'bounce', 'bouncedRecipients', 0)
      const status = text(at(who, 'status'))
      const detail = text(at(who, 'diagnosticCode'))
      const type = text(at(event, 'bounce', 'bounceType'))
      const isSuppressed = /suppress/i.test(text(at(event, 'bounce', 'bounceSubType')) ?? '')
      // Permanent counts unless the code says quota or policy; a transient one is hard only by its code.
      const isHard =
        type === 'Permanent'
          ? isSuppressed || status === null || classifyBounce(status, detail) === 'hard'
          : status === '5.4.4'
      return report({
        ...base,
        recipient: text(at(who, 'emailAddress')) ?? base.recipient,
        at: when('bounce'),
        code: status ?? type,
        detail,
        kind: 'bounced',
        hardness: isHard ? 'hard' : 'soft',
      })
    }
    case 'Complaint':
      // "not-spam" is somebody who took it out of the junk folder.
      if (at(event, 'complaint', 'complaintFeedbackType') === 'not-spam') return null
      return report({
        ...base,
        at: when('complaint'),
        code: text(at(event, 'complaint', 'complaintFeedbackType')),
        kind: 'complained',
      })
    case 'Reject':
    case 'Rendering Failure':
      return report({
        ...base,
        detail: text(at(event, 'reject', 'reason')) ?? text(at(event, 'failure', 'errorMessage')),
        kind: 'bounced',
      })
    case 'Subscription':
      return at(event, 'subscription', 'newTopicPreferences', 'unsubscribeAll') === true
        ? report({ ...base, at: when('subscription'), kind: 'unsubscribed' })
        : null
    case 'Open':
      return report({ ...hit('open'), kind: 'opened' })
    case 'Click':
      return report({ ...hit('click'), kind: 'clicked' })
    default:
      return null
  }
}
