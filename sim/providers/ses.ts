import { createSign, randomUUID } from 'node:crypto'
import { amzDate, sha256, signV4 } from '#server/adapters/channels/sigv4.ts'
import { startBase, type SimAnswer, type SimOptions, type SimRequest, type Simulator, type Taken } from './base.ts'
import { makeCertificate, type MadeCertificate } from './certificate.ts'
import { createHookPoster, type Post } from './hooks.ts'
import { randomText, seededRandom } from './random.ts'
import { happenings, type Happening } from './recipients.ts'

export interface SesSim extends Simulator {
  accessKeyId: string
  secretAccessKey: string
  region: string
  topicArn: string
  /** 1: SHA-1, 2: SHA-256 */
  signatureVersion: '1' | '2'
  quota: { Max24HourSend: number; MaxSendRate: number; SentLast24Hours: number }
  /** subscribes an address to the topic: SNS posts a confirmation first */
  subscribe(url: string): void
  isConfirmed: boolean
  /** posts a notification of any content, also of a foreign topic: a valid signature proves only "some topic of SNS" */
  notify(message: unknown, over?: Record<string, string>): void
}

/** SES v2 with SigV4 checked, and SNS in front of its events, with a certificate of its own at `/sns.pem`. */
export async function startSes(options: SimOptions = {}): Promise<SesSim> {
  const random = seededRandom(options.seed ?? 5)
  const hooks = createHookPoster({ random, retryMs: [20, 40, 100] })
  const certificate = makeCertificate('sns.amazonaws.com')
  const foreign = makeCertificate('sns.amazonaws.com')
  let token = ''

  function envelope(type: string, fields: Record<string, string>, isBad: boolean): Post {
    const message: Record<string, string> = {
      Type: type,
      MessageId: randomUUID(),
      TopicArn: state.topicArn,
      Timestamp: sim.now().toISOString(),
      SignatureVersion: state.signatureVersion,
      SigningCertURL: `${sim.url}/sns.pem`,
      ...fields,
    }
    message['Signature'] = signSns(message, isBad ? foreign : certificate)
    return {
      headers: {
        'content-type': 'text/plain; charset=UTF-8',
        'x-amz-sns-message-type': type,
        'x-amz-sns-message-id': message['MessageId']!,
        'x-amz-sns-topic-arn': message['TopicArn']!,
      },
      body: JSON.stringify(message),
    }
  }

  function emit(t: Taken, eventType: string, more: Record<string, unknown>): void {
    const event = {
      eventType,
      mail: {
        timestamp: t.at.toISOString(),
        messageId: t.id,
        source: t.detail['from'],
        destination: [t.to],
        tags: t.detail['tags'],
      },
      ...more,
    }
    if (!state.isConfirmed) return
    const id = randomUUID()
    hooks.push((isBad) => envelope('Notification', { Message: JSON.stringify(event), MessageId: id }, isBad))
  }

  const at = (): string => sim.now().toISOString()
  const bounce = (t: Taken, bounceType: string, bounceSubType: string, status: string, diagnosticCode: string) => ({
    bounce: {
      feedbackId: randomText(random, 20),
      bounceType,
      bounceSubType,
      timestamp: at(),
      bouncedRecipients: [{ emailAddress: t.to, action: 'failed', status, diagnosticCode }],
    },
  })
  const agent = { ipAddress: '203.0.113.7', userAgent: 'Mozilla/5.0 (iPhone)' }
  const build: Record<Happening, (t: Taken) => void> = {
    delivered: (t) =>
      emit(t, 'Delivery', { delivery: { timestamp: at(), recipients: [t.to], smtpResponse: '250 ok' } }),
    deferred: (t) =>
      emit(t, 'DeliveryDelay', {
        deliveryDelay: {
          timestamp: at(),
          delayType: 'MailboxFull',
          delayedRecipients: [{ emailAddress: t.to, status: '4.2.2' }],
        },
      }),
    bounced: (t) => emit(t, 'Bounce', bounce(t, 'Permanent', 'General', '5.1.1', 'smtp; 550 5.1.1 no such user')),
    soft_bounced: (t) => emit(t, 'Bounce', bounce(t, 'Transient', 'MailboxFull', '5.2.2', 'smtp; 552 5.2.2 full')),
    complained: (t) =>
      emit(t, 'Complaint', {
        complaint: {
          timestamp: at(),
          complaintFeedbackType: 'abuse',
          complainedRecipients: [{ emailAddress: t.to }],
          feedbackId: randomText(random, 20),
        },
      }),
    opened: (t) => emit(t, 'Open', { open: { timestamp: at(), ...agent } }),
    machine_opened: (t) => emit(t, 'Open', { open: { timestamp: at(), ...agent, userAgent: 'Mozilla/5.0' } }),
    clicked: (t) => emit(t, 'Click', { click: { timestamp: at(), link: 'https://shop.test/', ...agent } }),
    unsubscribed: (t) =>
      emit(t, 'Subscription', {
        subscription: {
          contactList: 'offers',
          timestamp: at(),
          source: 'UnsubscribeHeader',
          newTopicPreferences: { unsubscribeAll: true },
        },
      }),
  }

  const fault = (status: number, type: string, message: string): SimAnswer => ({
    status,
    body: { message },
    headers: { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/`, 'x-amzn-requestid': randomUUID() },
  })
  const sim = await startBase('ses', options, {
    hooks,
    random,
    failure: (status, retryAfter) => {
      const answer =
        status === 429
          ? fault(429, 'TooManyRequestsException', 'Maximum sending rate exceeded.')
          : fault(
              status,
              status === 503 ? 'ServiceUnavailable' : 'InternalFailure',
              'We encountered an internal error.',
            )
      return retryAfter === null || status === 429
        ? answer
        : { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfter) } }
    },
    handle,
    control: { subscribe: (body) => state.subscribe(String(body['url'])) },
  })
  const state: SesSim = Object.assign(sim, {
    accessKeyId: 'AKIASIMSIMSIMSIM1234',
    secretAccessKey: 'simulator/secret+key',
    region: 'us-east-1',
    topicArn: 'arn:aws:sns:us-east-1:123456789012:mail-events',
    signatureVersion: '2' as const,
    quota: { Max24HourSend: 50_000, MaxSendRate: 14, SentLast24Hours: 0 },
    isConfirmed: false,
    subscribe(url: string) {
      hooks.settings.url = url
      token = randomText(random, 40)
      const fields = {
        Message: `You have chosen to subscribe to the topic ${state.topicArn}.`,
        Token: token,
        SubscribeURL: `${sim.url}/?Action=ConfirmSubscription&TopicArn=${encodeURIComponent(state.topicArn)}&Token=${token}`,
      }
      hooks.push((isBad) => envelope('SubscriptionConfirmation', fields, isBad))
    },
    notify(message: unknown, over: Record<string, string> = {}) {
      hooks.push((isBad) =>
        envelope(
          'Notification',
          { Message: typeof message === 'string' ? message : JSON.stringify(message), ...over },
          isBad,
        ),
      )
    },
  })

  function handle(request: SimRequest): SimAnswer {
    if (request.path === '/sns.pem')
      return { status: 200, body: certificate.pem, headers: { 'content-type': 'application/x-pem-file' } }
    if (request.query.get('Action') === 'ConfirmSubscription') {
      if (request.query.get('Token') !== token) return fault(403, 'AuthorizationError', 'Invalid token')
      state.isConfirmed = true
      state.notify('Successfully validated SNS topic for Amazon SES event publishing.')
      return { status: 200, body: '<ConfirmSubscriptionResponse/>', headers: { 'content-type': 'text/xml' } }
    }
    const refused = checkSignature(request)
    if (refused) return refused
    if (request.method === 'GET' && request.path === '/v2/email/account')
      return { status: 200, body: { SendQuota: state.quota, SendingEnabled: true, ProductionAccessEnabled: true } }
    if (request.method !== 'POST' || request.path !== '/v2/email/outbound-emails')
      return fault(404, 'UnknownOperationException', 'Unknown operation')
    const body = request.json ?? {}
    const to = ((body['Destination'] as { ToAddresses?: string[] } | undefined)?.ToAddresses ?? []).filter(Boolean)
    const content = body['Content'] as { Raw?: { Data?: string }; Simple?: unknown } | undefined
    if (to.length === 0 || to.length > 50) return fault(400, 'BadRequestException', 'Recipient count must be 1 to 50.')
    if (!content?.Raw?.Data && !content?.Simple) return fault(400, 'BadRequestException', 'Content is required.')
    const raw = Buffer.from(content.Raw?.Data ?? '', 'base64').toString('latin1')
    if (raw.length > 40 * 2 ** 20) return fault(400, 'MessageRejected', 'Message length is more than 41943040 bytes.')
    if (content.Raw && !/^from:/im.test(raw)) return fault(400, 'BadRequestException', "Missing final '@domain'")
    const tags = (body['EmailTags'] as { Name: string; Value: string }[] | undefined) ?? []
    const id = `0100${randomText(random, 12, '0123456789abcdef')}-${randomUUID()}-000000`
    for (const address of to) {
      const t: Taken = {
        id,
        to: address,
        sendId: tags.find((x) => x.Name === 'send_id')?.Value ?? null,
        at: sim.now(),
        detail: {
          from: body['FromEmailAddress'],
          mime: raw,
          tags: Object.fromEntries(tags.map((x) => [x.Name, [x.Value]])),
        },
      }
      sim.taken.push(t)
      state.quota.SentLast24Hours += 1
      emit(t, 'Send', { send: {} })
      for (const h of happenings(address, sim.habits, random)) build[h](t)
    }
    return { status: 200, body: { MessageId: id } }
  }

  function checkSignature(request: SimRequest): SimAnswer | null {
    const authorization = request.headers.authorization ?? ''
    const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';')
    if (!names?.includes('host') || !names.includes('x-amz-date'))
      return fault(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token')
    const date = String(request.headers['x-amz-date'])
    const sent = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
    if (Math.abs(sim.now().getTime() - sent) > 5 * 60_000)
      return fault(
        403,
        'InvalidSignatureException',
        `Signature expired: ${date} is now earlier than ${amzDate(sim.now())}`,
      )
    const url = new URL(request.path + (request.query.size > 0 ? `?${request.query}` : ''), sim.url)
    const expected = signV4(
      {
        method: request.method,
        url,
        headers: Object.fromEntries(names.map((n) => [n, String(request.headers[n] ?? '')])),
        body: request.text,
      },
      state,
      state.region,
      'ses',
    )['authorization']
    if (
      expected !== authorization ||
      sha256(request.text) !== (request.headers['x-amz-content-sha256'] ?? sha256(request.text))
    )
      return fault(
        403,
        'InvalidSignatureException',
        'The request signature we calculated does not match the signature you provided.',
      )
    return null
  }
  return state
}

const signedFields = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  other: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
}

/** Signature of an SNS message over `key LF value LF` in fixed order. */
export function signSns(message: Record<string, string>, { privateKey }: MadeCertificate): string {
  const names = message['Type'] === 'Notification' ? signedFields.Notification : signedFields.other
  const text = names.flatMap((n) => (message[n] === undefined ? [] : [`${n}\n${message[n]}\n`])).join('')
  return createSign(message['SignatureVersion'] === '1' ? 'sha1' : 'sha256')
    .update(text, 'utf8')
    .sign(privateKey, 'base64')
}
