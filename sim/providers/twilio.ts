import { createHmac } from 'node:crypto'
import { measureSms } from '#core/delivery/sms-segments.ts'
import {
  fieldOf,
  startBase,
  type SimAnswer,
  type SimOptions,
  type SimRequest,
  type Simulator,
  type Taken,
} from './base.ts'
import { createHookPoster, type Post } from './hooks.ts'
import { randomText, seededRandom } from './random.ts'

export interface TwilioSim extends Simulator {
  accountSid: string
  authToken: string
  /** numbers that answer with an error: number -> code */
  errors: Map<string, number>
  /** numbers to which the network cannot deliver: number -> code of the failed report */
  undeliverable: Map<string, number>
  optedOut: Set<string>
  /** a customer texts; goes to the address of the hook settings. STOP is remembered as Twilio does */
  text(from: string, body: string, more?: Record<string, string>): void
  /** milliseconds between the steps queued, sent, delivered */
  stepMs: number
  /** a number with a messaging service answers with zero segments */
  segmentsOf(body: string): number
}

const stopWords = /^(stop|stopall|unsubscribe|cancel|end|quit|optout|revoke)$/i
const startWords = /^(start|yes|unstop)$/i

/** Form in, 201 out, then status callbacks at the address of each message, signed over address and fields. */
export async function startTwilio(options: SimOptions = {}): Promise<TwilioSim> {
  const random = seededRandom(options.seed ?? 6)
  const hooks = createHookPoster({ random, retryMs: [] })
  const messages: Record<string, string | null>[] = []

  /** Form post signed as Twilio signs: HMAC-SHA1 over the address and the sorted fields. */
  function signed(url: string, fields: Record<string, string>, isBad: boolean): Post {
    const data =
      url +
      Object.keys(fields)
        .toSorted()
        .map((k) => k + fields[k]!)
        .join('')
    return {
      url,
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        'x-twilio-signature': createHmac('sha1', isBad ? 'wrong' : state.authToken)
          .update(data, 'utf8')
          .digest('base64'),
        'i-twilio-idempotency-token': randomText(random, 36),
      },
      body: new URLSearchParams(fields).toString(),
    }
  }

  function climb(message: Record<string, string | null>, callback: string | null): void {
    const failure = state.undeliverable.get(message['to'] ?? '')
    const ladder = ['sent', failure ? 'undelivered' : 'delivered']
    for (const [i, status] of ladder.entries()) {
      const timer = setTimeout(
        () => {
          message['status'] = status
          if (status === 'undelivered') message['error_code'] = String(failure)
          if (!callback) return
          const fields: Record<string, string> = {
            AccountSid: state.accountSid,
            ApiVersion: '2010-04-01',
            From: message['from'] ?? '',
            MessageSid: message['sid']!,
            MessageStatus: status,
            SmsSid: message['sid']!,
            SmsStatus: status,
            To: message['to']!,
            ...(status === 'undelivered' ? { ErrorCode: String(failure) } : {}),
          }
          hooks.push((isBad) => signed(callback, fields, isBad))
        },
        state.stepMs * (i + 1),
      )
      timer.unref()
    }
  }

  const fault = (status: number, code: number, message: string): SimAnswer => ({
    status,
    body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
  })
  const sim = await startBase('twilio', options, {
    hooks,
    random,
    failure: (status, retryAfter) => ({
      ...fault(status, status === 429 ? 20429 : 20500, status === 429 ? 'Too Many Requests' : 'Internal Server Error'),
      ...(retryAfter === null ? {} : { headers: { 'retry-after': String(retryAfter) } }),
    }),
    handle,
    control: { text: (body) => state.text(String(body['from']), String(body['body'])) },
  })
  const state: TwilioSim = Object.assign(sim, {
    accountSid: `AC${'0'.repeat(32)}`,
    authToken: 'twilio-sim-token',
    errors: new Map<string, number>(),
    undeliverable: new Map<string, number>(),
    optedOut: new Set<string>(),
    stepMs: 20,
    segmentsOf: (body: string) => measureSms(body).segments,
    text(from: string, body: string, more: Record<string, string> = {}) {
      const word = body.trim()
      const fields: Record<string, string> = {
        AccountSid: state.accountSid,
        ApiVersion: '2010-04-01',
        Body: body,
        From: from,
        FromCountry: 'US',
        MessageSid: `SM${randomText(random, 32, '0123456789abcdef')}`,
        NumMedia: '0',
        NumSegments: '1',
        SmsStatus: 'received',
        To: '+15005550006',
        ...(stopWords.test(word) ? { OptOutType: 'STOP' } : {}),
        ...(startWords.test(word) ? { OptOutType: 'START' } : {}),
        ...(/^(help|info)$/i.test(word) ? { OptOutType: 'HELP' } : {}),
        ...more,
      }
      if (stopWords.test(word)) state.optedOut.add(from)
      if (startWords.test(word)) state.optedOut.delete(from)
      const { url } = hooks.settings
      if (url) hooks.push((isBad) => signed(url, fields, isBad))
    },
  })

  function handle(request: SimRequest): SimAnswer {
    const expected = `Basic ${Buffer.from(`${state.accountSid}:${state.authToken}`).toString('base64')}`
    if (request.headers.authorization !== expected) return fault(401, 20003, 'Authenticate')
    if (request.path !== `/2010-04-01/Accounts/${state.accountSid}/Messages.json`)
      return fault(404, 20404, 'The requested resource was not found')
    if (request.method === 'GET') return list(request)
    const to = fieldOf(request, 'To') ?? ''
    const body = fieldOf(request, 'Body') ?? ''
    const from = fieldOf(request, 'From')
    const service = fieldOf(request, 'MessagingServiceSid')
    if (!from && !service) return fault(400, 21603, "A 'From' phone number is required.")
    if (!/^\+[1-9]\d{6,14}$/.test(to)) return fault(400, 21211, `Invalid 'To' Phone Number: ${to}`)
    if (body === '') return fault(400, 21602, 'Message body is required.')
    if (body.length > 1600) return fault(400, 21617, 'The concatenated message body exceeds the 1600 character limit')
    if (state.optedOut.has(to)) return fault(400, 21610, 'Attempt to send to unsubscribed recipient')
    const known = state.errors.get(to)
    if (known) return fault(known === 20429 ? 429 : 400, known, `Error ${known}`)
    const callback = fieldOf(request, 'StatusCallback')
    const at = sim.now()
    const message: Record<string, string | null> = {
      sid: `SM${randomText(random, 32, '0123456789abcdef')}`,
      account_sid: state.accountSid,
      to,
      from: service ? null : from,
      messaging_service_sid: service,
      body,
      status: service ? 'accepted' : 'queued',
      direction: 'outbound-api',
      num_segments: service ? '0' : String(state.segmentsOf(body)),
      error_code: null,
      date_created: at.toUTCString().replace('GMT', '+0000'),
      validity: fieldOf(request, 'ValidityPeriod'),
    }
    messages.push(message)
    const t: Taken = {
      id: message['sid']!,
      to,
      sendId: callback ? new URL(callback).searchParams.get('send_id') : null,
      at,
      detail: { body, validity: message['validity'] },
    }
    sim.taken.push(t)
    climb(message, callback)
    return { status: 201, body: message }
  }

  function list(request: SimRequest): SimAnswer {
    const to = request.query.get('To')
    const since = Date.parse(request.query.get('DateSent>') ?? '1970-01-01T00:00:00Z')
    return {
      status: 200,
      body: {
        messages: messages.filter((m) => (!to || m['to'] === to) && Date.parse(m['date_created']!) >= since - 1000),
        page_size: 50,
        next_page_uri: null,
      },
    }
  }
  return state
}
