import type { z } from 'zod'
import type { channels } from '#contract/channels.ts'

type NewProvider = z.output<typeof channels.addProvider.body>

const base = { weight: 1, is_active: true, rate_per_minute: null, slots: null }

/** A mail server on this machine, as somebody would add it. */
export function smtpProvider(port: number, config: Record<string, string | number | null> = {}): NewProvider {
  return { ...base, kind: 'smtp', config: { host: '127.0.0.1', port, security: 'maybe', ...config }, secrets: {} }
}

/** A provider of any kind. */
export function provider(
  kind: NewProvider['kind'],
  config: NewProvider['config'],
  secrets: Record<string, string> = {},
  over: Partial<NewProvider> = {},
): NewProvider {
  return { ...base, kind, config, secrets, ...over }
}
