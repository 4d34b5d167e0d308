import type { SesConfig } from '#core/delivery/providers/email.ts'
import { isLoopback } from '#core/delivery/providers/fields.ts'
import { isSnsAddress, isSnsSigned } from '../signatures.ts'
import { short } from './email.ts'
import { jsonOf, notSetUp, refuse, type HookReader } from './hook.ts'

const timeoutMs = 5_000
const certificates = new Map<string, { pem: string; at: number }>()
const keepMs = 6 * 3_600_000

/**
 * Amazon SES through SNS. The certificate is fetched from SNS's own hosts only, the topic must be the one of the
 * settings (a valid signature proves only that it is some topic of somebody), and only that topic is confirmed.
 */
export const sesHook: HookReader<SesConfig> = async (ctx, post, config) => {
  if (!config.topic_arn) return notSetUp('The SNS topic')
  const message = jsonOf(post) as Record<string, unknown> | undefined
  if (typeof message !== 'object' || message === null || typeof message['Type'] !== 'string')
    return refuse(400, 'It is no message of SNS. Switch raw message delivery off.')
  if (message['TopicArn'] !== config.topic_arn)
    return refuse(403, 'It comes from another topic than the one in the settings.')
  const allowed = allowedHosts(config)
  const certificateUrl = String(message['SigningCertURL'] ?? '')
  if (!allowed(certificateUrl) || !new URL(certificateUrl).pathname.endsWith('.pem'))
    return refuse(403, 'Its certificate is not at an address of SNS.')
  const pem = await certificate(certificateUrl)
  // Our fault, or Amazon's: SNS tries again.
  if (!pem) return refuse(503, 'The certificate of SNS could not be fetched.')
  if (!isSnsSigned(message, pem, post.now)) return refuse(403, 'The signature is wrong.')
  // SNS repeats within the hour; what is older is a replay.
  const age = post.now.getTime() - Date.parse(String(message['Timestamp']))
  if (!(age < 25 * 3_600_000 && age > -15 * 60_000)) return refuse(403, 'It is more than a day old.')
  if (message['Type'] === 'SubscriptionConfirmation') {
    const url = String(message['SubscribeURL'] ?? '')
    if (!allowed(url)) return refuse(403, 'The address for confirming is none of SNS.')
    const text = await fetchText(url)
    if (text === null) return refuse(503, 'The subscription could not be confirmed; SNS tries again.')
    ctx.log.info({ topic: config.topic_arn }, 'the subscription of an SNS topic was confirmed')
    return { ok: true, items: [] }
  }
  if (message['Type'] !== 'Notification') {
    ctx.log.warn({ topic: config.topic_arn }, 'the subscription of an SNS topic was ended')
    return { ok: true, items: [] }
  }
  const event = parse(message['Message'])
  // "Successfully validated SNS topic…" is text.
  return { ok: true, items: event === null ? [] : [{ key: short(String(message['MessageId'])), body: event }] }
}

/** SNS itself; beside it only the simulator that the settings name, on this machine. */
function allowedHosts(config: SesConfig): (url: string) => boolean {
  const base = config.base_url && isLoopback(new URL(config.base_url).hostname) ? new URL(config.base_url).origin : null
  return (url) => {
    if (isSnsAddress(url)) return true
    try {
      return base !== null && new URL(url).origin === base
    } catch {
      return false
    }
  }
}

async function certificate(url: string): Promise<string | null> {
  const known = certificates.get(url)
  if (known && Date.now() - known.at < keepMs) return known.pem
  const pem = await fetchText(url)
  if (pem === null || !pem.includes('BEGIN CERTIFICATE')) return null
  if (certificates.size > 50) certificates.clear()
  certificates.set(url, { pem, at: Date.now() })
  return pem
}

async function fetchText(url: string): Promise<string | null> {
  try {
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    const text = await answer.text()
    return answer.ok && text.length < 64 * 1024 ? text : null
  } catch {
    return null
  }
}

function parse(text: unknown): object | null {
  try {
    const value: unknown = JSON.parse(String(text))
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
