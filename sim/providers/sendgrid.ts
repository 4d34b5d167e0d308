import { createSign, generateKeyPairSync } from 'node:crypto'
import { startBase, type SimAnswer, type SimOptions, type SimRequest, type Simulator, type Taken } from './base.ts'
import { createHookPoster } from './hooks.ts'
import { randomText, seededRandom } from './random.ts'
import { happenings, type Happening } from './recipients.ts'

export interface SendgridSim extends Simulator {
  apiKey: string
  /** SPKI in base64, as its console shows it */
  publicKey: string
  /** signs with a new key from now on; returns its public key */
  rotate(): string
  /** posts what has been collected; SendGrid does so every 30 seconds or 768 KB */
  flush(): void
}

const flushMs = 50

/** Events are collected, shuffled, and posted as one signed array that ends with CRLF: the CRLF is signed, too. */
export async function startSendgrid(options: SimOptions = {}): Promise<SendgridSim> {
  const random = seededRandom(options.seed ?? 2)
  const hooks = createHookPoster({ random, retryMs: [50, 100, 200, 400] })
  let keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const foreign = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const publicOf = (): string => keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  let waiting: Record<string, unknown>[] = []
  let timer: NodeJS.Timeout | null = null
  const suppressed = new Map<string, string>()

  function emit(sim: Simulator, t: Taken, event: string, more: Record<string, unknown> = {}): void {
    const custom = t.detail['custom_args'] as Record<string, unknown> | undefined
    waiting.push({
      email: t.to,
      timestamp: Math.floor(sim.now().getTime() / 1000),
      event,
      sg_event_id: Buffer.from(randomText(random, 16)).toString('base64url'),
      sg_message_id: `${t.id}.filterdrecv-sim`,
      'smtp-id': `<${t.id}@ismtpd.sim>`,
      ...custom,
      ...more,
    })
    timer ??= setTimeout(flush, flushMs)
  }

  function flush(): void {
    timer = null
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    for (let i = batch.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1))
      ;[batch[i], batch[j]] = [batch[j]!, batch[i]!]
    }
    const body = JSON.stringify(batch) + '\r\n'
    hooks.push((isBad) => {
      const timestamp = String(Math.floor(sim.now().getTime() / 1000))
      const signature = createSign('sha256')
        .update(timestamp + body)
        .sign((isBad ? foreign : keys).privateKey, 'base64')
      return {
        headers: {
          'content-type': 'application/json',
          'x-twilio-email-event-webhook-signature': signature,
          'x-twilio-email-event-webhook-timestamp': timestamp,
        },
        body,
      }
    })
  }

  const agent = { ip: '203.0.113.7', useragent: 'Mozilla/5.0 (iPhone)' }
  const build: Record<Happening, (sim: Simulator, t: Taken) => void> = {
    delivered: (sim, t) => emit(sim, t, 'delivered', { response: '250 OK' }),
    deferred: (sim, t) => emit(sim, t, 'deferred', { response: '451 4.7.1 greylisted', attempt: '1' }),
    bounced: (sim, t) => {
      suppressed.set(t.to, 'Bounced Address')
      emit(sim, t, 'bounce', {
        type: 'bounce',
        reason: '550 5.1.1 no such user',
        status: '5.1.1',
        bounce_classification: 'Invalid Address',
      })
    },
    soft_bounced: (sim, t) =>
      emit(sim, t, 'bounce', {
        type: 'blocked',
        reason: '552 5.2.2 mailbox full',
        status: '5.2.2',
        bounce_classification: 'Mailbox Unavailable',
      }),
    complained: (sim, t) => {
      suppressed.set(t.to, 'Spam Reporting Address')
      emit(sim, t, 'spamreport')
    },
    opened: (sim, t) => emit(sim, t, 'open', { ...agent, sg_machine_open: false }),
    machine_opened: (sim, t) => emit(sim, t, 'open', { ...agent, sg_machine_open: true }),
    clicked: (sim, t) =>
      emit(sim, t, 'click', { ...agent, url: 'https://shop.test/', url_offset: { index: 0, type: 'html' } }),
    unsubscribed: (sim, t) => {
      suppressed.set(t.to, 'Unsubscribed Address')
      emit(sim, t, 'unsubscribe')
    },
  }

  const fault = (status: number, message: string, field: string | null = null): SimAnswer => ({
    status,
    body: { errors: [{ message, field, help: null }] },
  })
  const sim = await startBase('sendgrid', options, {
    hooks,
    random,
    failure: (status, retryAfter) =>
      status === 429
        ? {
            ...fault(429, 'too many requests'),
            headers: {
              'x-ratelimit-limit': '600',
              'x-ratelimit-remaining': '0',
              'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + (retryAfter ?? 1)),
            },
          }
        : {
            ...fault(status, 'unavailable'),
            ...(retryAfter === null ? {} : { headers: { 'retry-after': String(retryAfter) } }),
          },
    handle,
    control: {
      suppress: (body) => suppressed.set(String(body['address']), String(body['reason'] ?? 'Bounced Address')),
    },
  })
  const state = Object.assign(sim, {
    apiKey: 'SG.sim',
    publicKey: publicOf(),
    rotate() {
      keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      return (state.publicKey = publicOf())
    },
    flush,
  })

  function handle(request: SimRequest): SimAnswer {
    if (request.headers.authorization !== `Bearer ${state.apiKey}`)
      return fault(401, 'The provided authorization grant is invalid, expired, or revoked')
    if (request.method !== 'POST' || request.path !== '/v3/mail/send') return fault(404, 'not found')
    const body = request.json
    if (!body) return fault(400, 'Bad Request')
    const personalizations = body['personalizations']
    if (!Array.isArray(personalizations) || personalizations.length === 0)
      return fault(
        400,
        'The personalizations field is required and must have at least one personalization.',
        'personalizations',
      )
    if (personalizations.length > 1000) return fault(400, 'too many personalizations', 'personalizations')
    const from = body['from'] as { email?: string } | undefined
    if (!from?.email?.includes('@')) return fault(400, 'The from email does not contain a valid address.', 'from.email')
    if (typeof body['subject'] !== 'string' || body['subject'] === '')
      return fault(
        400,
        'The subject is required. You can get around this requirement if you use a template.',
        'subject',
      )
    const content = body['content'] as { type?: string; value?: string }[] | undefined
    if (!content?.length || content.some((c) => !c.value))
      return fault(400, 'The content value must be a string at least one character in length.', 'content.0.value')
    if (content[0]!.type !== 'text/plain' && content.some((c) => c.type === 'text/plain'))
      return fault(400, 'If present, text/plain and text/html may only be provided once, text/plain first.', 'content')
    const headers = Object.keys((body['headers'] as object | undefined) ?? {})
    const forbidden = headers.find((h) =>
      /^(x-sg-id|x-sg-eid|received|dkim-signature|content-type|content-transfer-encoding|to|from|subject|reply-to|cc|bcc)$/i.test(
        h,
      ),
    )
    if (forbidden) return fault(400, `The header ${forbidden} is reserved.`, `headers.${forbidden}`)
    const messages: Taken[] = []
    const seen = new Set<string>()
    const id = randomText(random, 22)
    for (const [i, p] of (personalizations as { to?: { email?: string }[]; custom_args?: object }[]).entries()) {
      for (const [j, { email }] of (p.to ?? []).entries()) {
        if (!email || !/^[^\s@]+@[^\s@]+$/.test(email))
          return fault(400, 'Does not contain a valid address.', `personalizations.${i}.to.${j}.email`)
        if (seen.has(email.toLowerCase()))
          return fault(
            400,
            'Each email address in the personalization block should be unique between to, cc, and bcc.',
            'personalizations',
          )
        seen.add(email.toLowerCase())
        const args = { ...(body['custom_args'] as object | undefined), ...p.custom_args } as Record<string, string>
        messages.push({ id, to: email, sendId: args['send_id'] ?? null, at: sim.now(), detail: { custom_args: args } })
      }
    }
    if (seen.size > 1000) return fault(400, 'too many recipients', 'personalizations')
    for (const t of messages) {
      sim.taken.push(t)
      const reason = suppressed.get(t.to)
      if (reason) {
        emit(sim, t, 'dropped', { reason })
        continue
      }
      emit(sim, t, 'processed')
      for (const h of happenings(t.to, sim.habits, random)) build[h](sim, t)
    }
    return { status: 202, headers: { 'x-message-id': id } }
  }
  return state
}
