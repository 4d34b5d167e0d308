import type { ReplyOf } from '../../lib/api.ts'

export type Channels = ReplyOf<'GET /api/v1/settings/channels'>
export type Provider = Channels['providers'][number]
export type Kind = ReplyOf<'GET /api/v1/settings/channels/kinds'>['data'][number]
export type KindField = Kind['fields'][number]
export type ChannelName = 'email' | 'sms'

/** Endpoints whose answers are old after a change of the channels. */
export const channelReaders = ['GET /api/v1/settings/channels', 'GET /api/v1/analytics/dashboard']

/** Fields that come in groups, in the order of a form. */
export const groupWords: Record<Exclude<KindField['group'], 'main'>, string> = {
  webhook: 'What comes back (webhook)',
  bounces: 'Bounces',
  dkim: 'Signing with DKIM',
  advanced: 'Advanced',
}

/** Share of the messages in percent, while all are there; null: a stand-in, or off. */
export function shareOf(provider: Provider, all: readonly Provider[]): number | null {
  if (!provider.is_active || provider.weight === 0) return null
  const total = all.filter((p) => p.is_active).reduce((sum, p) => sum + p.weight, 0)
  return Math.round((100 * provider.weight) / total)
}
