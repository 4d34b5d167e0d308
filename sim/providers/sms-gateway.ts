import { createHmac } from 'node:crypto'
import { fieldOf, startBase, type SimOptions, type SimRequest, type Simulator, type Taken } from './base.ts'
import { createHookPoster } from './hooks.ts'
import { randomText, seededRandom } from './random.ts'

export interface SmsGatewaySim extends Simulator {
  token: string
  webhookSecret: string
  undeliverable: Set<string>
  /** a customer texts */
  text(from: string, body: string): void
}

/** Any gateway: JSON or form with `to`, `from`, `text`, `reference`; status reports signed with HMAC-SHA256 of the body. */
export async function startSmsGateway(options: SimOptions = {}): Promise<SmsGatewaySim> {
  const random = seededRandom(options.seed ?? 7)
  const hooks = createHookPoster({ random, retryMs: [30, 60, 120] })
  function push(event: Record<string, unknown>): void {
    const body = JSON.stringify(event)
    hooks.push((isBad) => ({
      headers: {
        'content-type': 'application/json',
        'x-signature': createHmac('sha256', isBad ? 'wrong' : state.webhookSecret)
          .update(body)
          .digest('hex'),
      },
      body,
    }))
  }
  const sim = await startBase('sms_http', options, {
    hooks,
    random,
    failure: (status, retryAfter) => ({
      status,
      body: { error: status === 429 ? 'slow down' : 'internal error' },
      ...(retryAfter === null ? {} : { headers: { 'retry-after': String(retryAfter) } }),
    }),
    handle,
    control: { text: (body) => state.text(String(body['from']), String(body['body'])) },
  })
  const state = Object.assign(sim, {
    token: 'gateway-sim',
    webhookSecret: 'gateway-hook-secret',
    undeliverable: new Set<string>(),
    text: (from: string, body: string) =>
      push({ id: randomText(random, 12), from, to: '+15185550134', text: body, received_at: sim.now().toISOString() }),
  })

  function handle(request: SimRequest) {
    if (request.headers.authorization !== `Bearer ${state.token}`) return { status: 401, body: { error: 'bad token' } }
    if (request.method !== 'POST' || request.path !== '/send') return { status: 404, body: { error: 'not found' } }
    const get = (name: string): string => String(request.json?.[name] ?? fieldOf(request, name) ?? '')
    const to = get('to')
    if (!/^\+[1-9]\d{6,14}$/.test(to)) return { status: 422, body: { error: `bad number ${to}` } }
    if (get('text') === '') return { status: 422, body: { error: 'empty text' } }
    const t: Taken = {
      id: randomText(random, 16),
      to,
      sendId: get('reference') || null,
      at: sim.now(),
      detail: { text: get('text') },
    }
    sim.taken.push(t)
    const isDead = state.undeliverable.has(to)
    for (const status of ['sent', isDead ? 'failed' : 'delivered'])
      push({
        id: t.id,
        reference: t.sendId,
        to,
        status,
        at: sim.now().toISOString(),
        ...(isDead ? { error: 'absent subscriber' } : {}),
      })
    return { status: 202, body: { id: t.id } }
  }
  return state
}
