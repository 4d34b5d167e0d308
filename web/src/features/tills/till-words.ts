import type { ReplyOf } from '../../lib/api.ts'
import type { Tone } from '../../ui/pill.tsx'

export type Till = ReplyOf<'GET /api/v1/integrations'>['data'][number]
export type Hook = ReplyOf<'GET /api/v1/integrations/:id/hooks'>['data'][number]

export const kindWords: Record<Till['kind'], string> = { shopify: 'Shopify', woocommerce: 'WooCommerce' }

export const hookStates: Record<Hook['status'], [Tone, string]> = {
  received: ['info', 'Waiting'],
  done: ['good', 'Done'],
  ignored: ['neutral', 'Not used'],
  parked: ['risk', 'Needs a look'],
}

/** Where a shop owner finds the place to paste the address. */
export const stepsOf: Record<Till['kind'], readonly string[]> = {
  shopify: [
    'In Shopify open Settings, Notifications, Webhooks, and choose "Create webhook".',
    'Format JSON. Paste the address. Make one webhook for each event below.',
    'At the foot of that page Shopify shows the key it signs with. Paste it here as the signing secret.',
  ],
  woocommerce: [
    'In WordPress open WooCommerce, Settings, Advanced, Webhooks, and choose "Add webhook".',
    'Status Active, API version WP REST API v3. Paste the address and the secret. Make one webhook for each topic below.',
    'Saving asks us once whether somebody is there; then every order comes by itself.',
  ],
}

export const readers = ['GET /api/v1/integrations']
