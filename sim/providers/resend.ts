import { createHmac, randomUUID } from 'node:crypto'
import { startBase, type SimAnswer, type SimOptions, type SimRequest, type Simulator, type Taken } from './base.ts'
import { createHookPoster } from './hooks.ts'
import { randomText, seededRandom } from './random.ts'
import { happenings, type Happening } from './recipients.ts'

export interface ResendSim extends Simulator {
  apiKey: string
  /** whsec_… with which posts are signed; may be changed: a rotation */
  webhookSecret: string
}

const idempotencyMs = 24 * 3_600_000

/** Idempotency for 24 hours with its two 409s, Svix signatures, rate headers. */
export async function startResend(options: SimOptions = {}): Promise<ResendSim> {
  const random = seededRandom(options.seed ?? 4)
  const hooks = createHookPoster({ random, retryMs: [50, 100, 200, 400] })
  const known = new Map<string, { body: string; answer: SimAnswer; at: number }>()

  function emit(sim: Simulator, t: Taken, type: string, more: Record<string, unknown> = {}): void {
    const id = `msg_${randomText(random, 27)}`
    const body = JSON.stringify({
      type,
      created_at: sim.now().toISOString(),
      data: {
        email_id: t.id,
        created_at: t.at.toISOString(),
        from: t.detail['from'],
        to: [t.to],
        subject: t.detail['subject'],
        tags: t.detail['tags'],
        ...more,
      },
    })
    hooks.push((isBad) => {
      const timestamp = String(Math.floor(sim.now().getTime() / 1000))
      const secret = isBad ? 'd3Jvbmc=' : state.webhookSecret.replace(/^whsec_/, '')
      const signature = createHmac('sha256', Buffer.from(secret, 'base64'))
        .update(`${id}.${timestamp}.${body}`)
        .digest('base64')
      return {
        headers: {
          'content-type': 'application/json',
          'svix-id': id,
          'svix-timestamp': timestamp,
          'svix-signature': `v1,${signature}`,
        },
        body,
      }
    })
  }

  const build: Record<Happening, (sim: Simulator, t: Taken) => void> = {
    delivered: (sim, t) => emit(sim, t, 'email.delivered'),
    deferred: (sim, t) => emit(sim, t, 'email.delivery_delayed'),
    bounced: (sim, t) =>
      emit(sim, t, 'email.bounced', {
        bounce: { type: 'Permanent', subType: 'General', message: '5.1.1 no such user' },
      }),
    soft_bounced: (sim, t) =>
      emit(sim, t, 'email.bounced', { bounce: { type: 'Transient', subType: 'MailboxFull', message: '5.2.2 full' } }),
    complained: (sim, t) => emit(sim, t, 'email.complained'),
    opened: (sim, t) => emit(sim, t, 'email.opened', { open: { userAgent: 'Mozilla/5.0 (iPhone)' } }),
    machine_opened: (sim, t) => emit(sim, t, 'email.opened', { open: { userAgent: 'Mozilla/5.0' } }),
    clicked: (sim, t) =>
      emit(sim, t, 'email.clicked', { click: { link: 'https://shop.test/', userAgent: 'Mozilla/5.0 (iPhone)' } }),
    unsubscribed: (sim, t) => emit(sim, t, 'email.suppressed', { suppressed: { type: 'unsubscribe' } }),
  }

  const fault = (statusCode: number, name: string, message: string): SimAnswer => ({
    status: statusCode,
    body: { statusCode, name, message },
  })
  const sim = await startBase('resend', options, {
    hooks,
    random,
    failure: (status, retryAfter) => ({
      ...fault(
        status,
        status === 429 ? 'rate_limit_exceeded' : 'internal_server_error',
        status === 429
          ? 'Too many requests. You can only make 2 requests per second.'
          : 'An unexpected error occurred.',
      ),
      headers: {
        'ratelimit-limit': '2',
        'ratelimit-remaining': '0',
        'ratelimit-reset': '1',
        ...(retryAfter === null ? {} : { 'retry-after': String(retryAfter) }),
      },
    }),
    handle,
  })
  const state = Object.assign(sim, {
    apiKey: 're_sim',
    webhookSecret: `whsec_${Buffer.from('a webhook secret of the simulator').toString('base64')}`,
  })

  function handle(request: SimRequest): SimAnswer {
    if (request.headers.authorization !== `Bearer ${state.apiKey}`)
      return fault(401, 'restricted_api_key', 'API key is invalid')
    if (request.method !== 'POST' || request.path !== '/emails')
      return fault(404, 'not_found', 'The requested endpoint does not exist')
    const key = String(request.headers['idempotency-key'] ?? '')
    if (key.length > 256) return fault(400, 'invalid_idempotency_key', 'The key must be between 1-256 chars.')
    const before = key === '' ? undefined : known.get(key)
    if (before && Date.now() - before.at < idempotencyMs)
      return before.body === request.text
        ? before.answer
        : fault(
            409,
            'invalid_idempotent_request',
            'This idempotency key has already been used on a request with a different payload.',
          )
    const body = request.json ?? {}
    const to = ([] as string[]).concat((body['to'] as string | string[] | undefined) ?? [])
    if (to.length === 0 || to.length > 50 || to.some((a) => !/@[^\s@]+\.[^\s@]+/.test(a)))
      return fault(
        422,
        'validation_error',
        'Invalid `to` field. The email address needs to follow the `email@example.com` format.',
      )
    if (!body['from']) return fault(422, 'missing_required_field', 'Missing `from` field.')
    if (!body['html'] && !body['text']) return fault(422, 'validation_error', 'Missing `html` or `text` field.')
    const tags = (body['tags'] as { name: string; value: string }[] | undefined) ?? []
    if (tags.some((t) => !/^[\w-]{1,256}$/.test(t.name) || !/^[\w-]{0,256}$/.test(t.value)))
      return fault(422, 'validation_error', 'Tags should only contain ASCII letters, numbers, underscores, or dashes.')
    const id = randomUUID()
    const answer: SimAnswer = { status: 200, body: { id } }
    if (key !== '') known.set(key, { body: request.text, answer, at: Date.now() })
    for (const address of to) {
      const t: Taken = {
        id,
        to: address,
        sendId: tags.find((x) => x.name === 'send_id')?.value ?? null,
        at: sim.now(),
        detail: {
          from: body['from'],
          subject: body['subject'],
          tags: Object.fromEntries(tags.map((x) => [x.name, x.value])),
        },
      }
      sim.taken.push(t)
      emit(sim, t, 'email.sent')
      for (const h of happenings(address, sim.habits, random)) build[h](sim, t)
    }
    return answer
  }
  return state
}
