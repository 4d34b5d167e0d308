import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import type { SegmentNames } from './plan-words.ts'

export type TriggerState = ReplyOf<'GET /api/v1/campaigns/:id/trigger'>
export type Trigger = TriggerState['trigger']
export type On = Trigger['event']['on']

export const events: readonly { on: On; label: string; hint: string }[] = [
  {
    on: 'welcome',
    label: t('Somebody joins'),
    hint: t('At the till, online or through a sign-up form; not by an imported list.'),
  },
  {
    on: 'segment_entered',
    label: t('Somebody comes into a segment'),
    hint: t('For example: has become likely to leave.'),
  },
  {
    on: 'replenishment_due',
    label: t('It is time to buy again'),
    hint: t('The day on which this customer usually comes back.'),
  },
  { on: 'no_order', label: t('Nothing bought for a while'), hint: t('So many days after the last order.') },
  { on: 'birthday', label: t('A birthday comes up'), hint: t('From the 21st on, where the birth date is known.') },
]

export function emptyTrigger(on: On): Trigger {
  return {
    event:
      on === 'segment_entered'
        ? { on, segment: '' }
        : on === 'no_order'
          ? { on, days: 60 }
          : on === 'birthday'
            ? { on, days_before: 3 }
            : { on },
    delay_hours: on === 'welcome' ? 2 : on === 'segment_entered' ? 24 : 0,
    exits: on === 'segment_entered' ? ['ordered', 'left_segment'] : on === 'birthday' ? [] : ['ordered'],
    rest_days: on === 'welcome' ? null : on === 'birthday' ? 300 : 60,
    channel: 'email',
    offer_id: '',
    template_id: '',
    window: { start: '09:00', end: '20:00' },
  }
}

/** The trigger as one sentence. */
export function sentenceOf(
  { event, delay_hours: delay, exits, rest_days: rest }: Trigger,
  names: SegmentNames,
): string {
  const when =
    event.on === 'segment_entered'
      ? t('When a customer comes into “{segment}”', { segment: names.get(event.segment) ?? event.segment })
      : event.on === 'welcome'
        ? t('When a customer joins')
        : event.on === 'replenishment_due'
          ? t('When the usual day of the next purchase has come')
          : event.on === 'no_order'
            ? t('{days} days after the last order', { days: event.days })
            : event.days_before === 0
              ? t('On the birthday')
              : t('{days} days before the birthday', { days: event.days_before })
  const wait =
    delay === 0
      ? t('as soon as the window is open')
      : delay % 24 === 0
        ? t('{count, plural, one {# day} other {# days}} later', { count: delay / 24 })
        : t('{count, plural, one {# hour} other {# hours}} later', { count: delay })
  const unless = [
    ...(exits.includes('ordered') ? [t('they have ordered meanwhile')] : []),
    ...(exits.includes('left_segment') ? [t('they have left it again')] : []),
  ].join(t(' or '))
  const often =
    rest === null
      ? t('Each customer once.')
      : t('Each customer at most once in {count, plural, one {# day} other {# days}}.', { count: rest })
  return `${when}, ${wait}${unless ? t(', unless {what}', { what: unless }) : ''}. ${often}`
}
