import type { ReplyOf } from '../../lib/api.ts'
import type { Tone } from '../../ui/pill.tsx'

export type Webhook = ReplyOf<'GET /api/v1/webhooks'>['data'][number]
export type Delivery = ReplyOf<'GET /api/v1/webhooks/:id/deliveries'>['data'][number]

/** Endpoints whose answers are old after a change. */
export const webhookReaders = ['GET /api/v1/webhooks']

export const stateWords: Record<Webhook['state'], [Tone, string]> = {
  new: ['neutral', 'Nothing sent yet'],
  working: ['good', 'Working'],
  failing: ['warn', 'Failing'],
  off: ['neutral', 'Off'],
}

export const deliveryWords: Record<Delivery['status'], [Tone, string]> = {
  waiting: ['info', 'Waiting'],
  delivered: ['good', 'Taken'],
  failed: ['risk', 'Failed'],
}

export const kindWords: Record<Webhook['kind'], string> = { standard: 'Program', slack: 'Chat room' }

export const groupWords: Record<string, string> = {
  send: 'Messages',
  customer: 'Customers',
  segment: 'Segments',
  order: 'Orders',
  campaign: 'Campaigns',
  notice: 'Notices',
}
