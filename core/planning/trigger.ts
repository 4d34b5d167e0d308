import { z } from 'zod'
import { addDays, type Day } from '../calendar.ts'
import { Window } from './plan.ts'

/** What starts the message of one customer. */
export const TriggerEvent = z.discriminatedUnion('on', [
  /** came into a segment, by its key */
  z.strictObject({ on: z.literal('segment_entered'), segment: z.string().min(1).max(200) }),
  /** the day has come on which they usually buy again */
  z.strictObject({ on: z.literal('replenishment_due') }),
  /** nothing bought for so many days */
  z.strictObject({ on: z.literal('no_order'), days: z.int().min(7).max(730) }),
  /** so many days before a birthday, from the 21st on */
  z.strictObject({ on: z.literal('birthday'), days_before: z.int().min(0).max(30) }),
  /** joined by themselves, at the till or online; not through a list that somebody imported */
  z.strictObject({ on: z.literal('welcome') }),
])
export type TriggerEvent = z.infer<typeof TriggerEvent>

export const exits = ['ordered', 'left_segment'] as const

export const Trigger = z.strictObject({
  event: TriggerEvent,
  /** waits so long after the event; 0: as soon as the window is open */
  delay_hours: z
    .int()
    .min(0)
    .max(24 * 90),
  /** no message if this happened while it waited */
  exits: z.array(z.enum(exits)).max(exits.length),
  /** the same customer at most once in so many days; null: once and never again */
  rest_days: z.int().min(1).max(730).nullable(),
  channel: z.enum(['email', 'sms']),
  offer_id: z.uuid(),
  template_id: z.uuid(),
  window: Window,
})
export type Trigger = z.infer<typeof Trigger>

/** How the event is called where segments are named: in figures, lists and exports. */
export function groupOf(event: TriggerEvent): string {
  return event.on === 'segment_entered' ? event.segment : event.on
}

/** Exits that make no sense for the event. */
export function faultOf(trigger: Pick<Trigger, 'event' | 'exits'>): { path: string; message: string } | null {
  if (trigger.exits.includes('left_segment') && trigger.event.on !== 'segment_entered')
    return { path: 'exits', message: 'Only who came into a segment can leave it.' }
  return null
}

export interface BirthdayOn {
  /** "MM-DD" of a birth date */
  month_day: string
  birthday: Day
}

/**
 * Birthdays for which a message falls due on one of the days after `from` up to and including `to`. Who was born on
 * 29 February has it on the 28th in other years.
 */
export function birthdaysBetween(from: Day, to: Day, daysBefore: number): BirthdayOn[] {
  const found: BirthdayOn[] = []
  for (let day = addDays(from, 1); day <= to; day = addDays(day, 1)) {
    const birthday = addDays(day, daysBefore)
    found.push({ month_day: birthday.slice(5), birthday })
    if (birthday.slice(5) === '02-28' && addDays(birthday, 1).slice(5) === '03-01')
      found.push({ month_day: '02-29', birthday })
  }
  return found
}
