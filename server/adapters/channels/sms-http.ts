import type { SmsHttpConfig } from '#core/delivery/providers/sms.ts'
import type { Channel, Outcome } from '../../ports/channel.ts'
import type { Net } from '../net.ts'
import { call, commonOutcome, pick, shorten, withoutAnswer } from './http.ts'

/** Any gateway that takes one text per POST; which field is called what are settings. It cannot be asked later. */
export function createSmsHttp(name: string, config: SmsHttpConfig, net: Net): Channel {
  const headers: Record<string, string> = { ...signIn(config) }
  return {
    name,
    kind: 'sms',
    async send(message, signal): Promise<Outcome> {
      const fields: [string, string][] = [
        [config.to_field, message.recipient],
        [config.from_field, config.from],
        [config.text_field, message.text()],
        [config.reference_field, message.sendId],
      ]
      const answer = await call(net, {
        url: config.url,
        headers: {
          ...headers,
          'content-type': config.format === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
        },
        body: config.format === 'json' ? JSON.stringify(nested(fields)) : new URLSearchParams(fields).toString(),
        signal,
      })
      if (answer.kind !== 'answer') return withoutAnswer(answer)
      if (answer.status >= 200 && answer.status < 300)
        return { kind: 'accepted', providerMessageId: pick(answer.json, config.id_path) }
      return (
        commonOutcome(answer, false) ?? {
          kind: 'rejected',
          code: `http.${answer.status}`,
          detail: shorten(pick(answer.json, 'message') ?? pick(answer.json, 'error') ?? answer.text),
        }
      )
    },
    close: () => Promise.resolve(),
  }
}

function signIn(config: SmsHttpConfig): Record<string, string> {
  const key = config.api_key ?? ''
  switch (config.auth) {
    case 'bearer':
      return { authorization: `Bearer ${key}` }
    case 'basic':
      return { authorization: `Basic ${Buffer.from(key).toString('base64')}` }
    case 'header':
      return { 'x-api-key': key }
    case 'none':
      return {}
  }
}

/** `message.to` becomes { message: { to } }. */
function nested(fields: readonly (readonly [string, string])[]): Record<string, unknown> {
  // Without a prototype, so that no name reaches one.
  const out = Object.create(null) as Record<string, unknown>
  for (const [path, value] of fields) {
    const names = path.split('.')
    let here = out
    for (const name of names.slice(0, -1)) {
      const next = here[name]
      here[name] = typeof next === 'object' && next !== null ? next : Object.create(null)
      here = here[name] as Record<string, unknown>
    }
    here[names.at(-1)!] = value
  }
  return out
}
