import type { offerKinds } from '../planning/offer.ts'
import type { Window } from '../planning/plan.ts'
import type { RfmSegment } from './rfm.ts'

/** What a segment starts with; a person may change it, and then it stays as they left it. */
export interface Playbook {
  name: string
  description: string
  /** best first */
  offers: readonly (typeof offerKinds)[number][]
  tone: string
  strategy: string
  channels: readonly ('email' | 'sms')[]
  /** when an email goes out; text messages additionally end at 20:00 */
  window: Window
  /** days they are left in peace after any message; default 0: only the weekly limits */
  coolDownDays?: number
}

export const playbooks: Record<RfmSegment, Playbook> = {
  New_Customers: {
    name: 'New customers',
    description: 'First order within the last 60 days',
    offers: ['content', 'tasting_event', 'early_access'],
    tone: 'warm and welcoming',
    strategy: 'Welcome them and give a reason for the second visit. No discount: they have just paid full price.',
    channels: ['email'],
    window: { start: '10:00', end: '20:00' },
  },
  One_Time_Buyers: {
    name: 'One-time buyers',
    description: 'Ordered once, more than 60 days ago',
    offers: ['content', 'tasting_event', 'percent_off', 'amount_off'],
    tone: 'friendly, without pressure',
    strategy: 'Show another shelf of the shop. One small win-back, then leave them in peace.',
    channels: ['email'],
    window: { start: '10:00', end: '20:00' },
  },
  Very_Frequent_Buyers: {
    name: 'Very frequent buyers',
    description: 'Top fifth by orders, recent, high spend',
    offers: ['early_access', 'content', 'tasting_event', 'gift'],
    tone: 'familiar and short, like to a regular at the counter',
    strategy:
      'First look at what is new and a reminder when the usual runs out. Never a blanket discount: they buy anyway.',
    channels: ['email', 'sms'],
    window: { start: '10:00', end: '20:00' },
  },
  Low_Value_Frequent: {
    name: 'Frequent, small baskets',
    description: 'Come often, spend below the basket threshold',
    offers: ['multi_buy', 'bogo', 'content', 'amount_off'],
    tone: 'practical, with a clear saving',
    strategy: 'Make the basket bigger: buy two or mix six, with a minimum above their usual spend.',
    channels: ['email', 'sms'],
    window: { start: '16:00', end: '20:00' },
  },
  High_Value_Loyal: {
    name: 'High-value loyal',
    description: 'Come often, spend well, were here recently',
    offers: ['early_access', 'tasting_event', 'content', 'gift'],
    tone: 'personal and knowledgeable',
    strategy: 'Personal service: new arrivals in what they like, a seat at the tasting.',
    channels: ['email', 'sms'],
    window: { start: '10:00', end: '20:00' },
  },
  At_Risk_High_Value: {
    name: 'High value, at risk',
    description: 'High spend, quiet for longer than most',
    offers: ['percent_off', 'amount_off', 'gift', 'content'],
    tone: 'personal, says that they are missed',
    strategy: 'Win back with a real offer and say that they are missed; by text where they agreed to it.',
    channels: ['email', 'sms'],
    window: { start: '10:00', end: '20:00' },
  },
  High_Value_Occasional: {
    name: 'High value, occasional',
    description: 'Biggest baskets, now and then',
    offers: ['content', 'early_access', 'tasting_event', 'gift'],
    tone: 'festive, about the occasion',
    strategy: 'Speak up for the occasion: holidays, seasons, gifts.',
    channels: ['email'],
    window: { start: '10:00', end: '20:00' },
  },
  Promising: {
    name: 'Promising',
    description: 'Recent, not often yet',
    offers: ['content', 'tasting_event', 'multi_buy'],
    tone: 'curious, one discovery at a time',
    strategy: 'Help them find more of what they like; discovery before price.',
    channels: ['email'],
    window: { start: '10:00', end: '20:00' },
  },
  Needs_Attention: {
    name: 'Needs attention',
    description: 'Middle of the field by recency',
    offers: ['content', 'multi_buy', 'amount_off'],
    tone: 'friendly reminder',
    strategy: 'A reminder when the next purchase is due.',
    channels: ['email'],
    window: { start: '10:00', end: '20:00' },
  },
  Hibernating: {
    name: 'Hibernating',
    description: 'Quiet for a long time',
    offers: ['content', 'percent_off'],
    tone: 'low-key',
    strategy: 'At most one message in 60 days; stop when nothing comes back.',
    channels: ['email'],
    window: { start: '10:00', end: '20:00' },
    coolDownDays: 60,
  },
  Lost: {
    name: 'Lost',
    description: 'Longest without an order',
    offers: ['content', 'percent_off'],
    tone: 'low-key, leaves the door open',
    strategy: 'At most one message in 60 days, then no more.',
    channels: ['email'],
    window: { start: '10:00', end: '20:00' },
    coolDownDays: 60,
  },
}
