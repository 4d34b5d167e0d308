import type { SesConfig } from '#core/delivery/providers/email.ts'
import type { Channel, Outcome } from '../../ports/channel.ts'
import type { Net } from '../net.ts'
import { call, commonOutcome, pick, shorten, unreadable, withoutAnswer } from './http.ts'
import { amzDate, sha256, signV4 } from './sigv4.ts'

/** Errors that say that the account may not send now, whoever the message is for. */
const ourSetUp =
  /^(MailFromDomainNotVerified|AccountSuspended|SendingPaused|NotFoundException|ConfigurationSetDoesNotExist|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|AccessDenied|ExpiredToken)/

/**
 * Amazon SES v2 with raw messages, signed with SigV4. Our send id travels as an email tag and comes back in every event;
 * SES has no look-up, so a lost answer is settled by its Send event.
 */
export function createSes(name: string, config: SesConfig, net: Net): Channel {
  const base = config.base_url ?? `https://email.${config.region}.amazonaws.com`
  const url = new URL(`${base}/v2/email/outbound-emails`)
  const keys = { accessKeyId: config.access_key_id, secretAccessKey: config.secret_access_key }
  return {
    name,
    kind: 'email',
    async send(message, signal): Promise<Outcome> {
      const body = JSON.stringify({
        Content: { Raw: { Data: Buffer.from(message.mime(), 'latin1').toString('base64') } },
        FromEmailAddress: message.sender,
        Destination: { ToAddresses: [message.recipient] },
        EmailTags: [{ Name: 'send_id', Value: message.sendId }],
        ...(config.configuration_set ? { ConfigurationSetName: config.configuration_set } : {}),
      })
      const headers = signV4(
        {
          method: 'POST',
          url,
          headers: {
            'content-type': 'application/json',
            host: url.host,
            'x-amz-content-sha256': sha256(body),
            'x-amz-date': amzDate(new Date()),
          },
          body,
        },
        keys,
        config.region,
        'ses',
      )
      // fetch writes the host itself; it is the same.
      const { host: _host, ...sent } = headers
      const answer = await call(net, { url: url.href, headers: sent, body, signal })
      if (answer.kind !== 'answer') return withoutAnswer(answer)
      if (answer.status === 200) {
        const id = pick(answer.json, 'MessageId')
        return id ? { kind: 'accepted', providerMessageId: id } : unreadable
      }
      const error = (
        answer.headers.get('x-amzn-errortype') ??
        pick(answer.json, '__type') ??
        `http.${answer.status}`
      ).replace(/[:#].*$/, '')
      const detail = shorten(pick(answer.json, 'message') ?? pick(answer.json, 'Message') ?? answer.text)
      if (/^(TooManyRequests|Throttling|LimitExceeded)/.test(error))
        return { kind: 'deferred', code: error, detail, throttled: true }
      if (ourSetUp.test(error))
        return {
          kind: 'deferred',
          code: error,
          detail: `${detail} Check the provider under Settings.`,
          unreachable: true,
          retryAfterMs: 30_000,
        }
      return commonOutcome(answer, false) ?? { kind: 'rejected', code: error, detail }
    },
    close: () => Promise.resolve(),
  }
}
