import { createHmac } from 'node:crypto'
import {
  startBase,
  fieldOf,
  type SimAnswer,
  type SimOptions,
  type SimRequest,
  type Simulator,
  type Taken,
} from './base.ts'
import { createHookPoster } from './hooks.ts'
import { randomText, seededRandom } from './random.ts'
import { happenings, type Happening } from './recipients.ts'

export interface MailgunSim extends Simulator {
  apiKey: string
  domain: string
  /** may be changed: a rotation */
  signingKey: string
}

/** Days after which events are no longer found is Mailgun's affair; here they are kept while the simulator runs. */
export async function startMailgun(options: SimOptions & { domain?: string } = {}): Promise<MailgunSim> {
  const random = seededRandom(options.seed ?? 1)
  const hooks = createHookPoster({ random, retryMs: [50, 50, 75, 150, 300, 600], stopOn: 406 })
  const domain = options.domain ?? 'mg.shop.test'
  const keys = { apiKey: 'key-sim', domain, signingKey: 'signing-sim' }
  const events: Record<string, unknown>[] = []
  /** address -> why Mailgun itself drops messages to it */
  const suppressed = new Map<string, string>()

  function emit(sim: Simulator, t: Taken, event: string, more: Record<string, unknown> = {}): void {
    const data = {
      id: randomText(random, 22),
      event,
      timestamp: sim.now().getTime() / 1000,
      recipient: t.to,
      message: { headers: { 'message-id': t.id.slice(1, -1), to: t.to } },
      'user-variables': { send_id: t.sendId },
      'log-level': event === 'failed' ? 'error' : 'info',
      ...more,
    }
    events.push(data)
    if (event === 'accepted') return
    hooks.push((isBad) => {
      const timestamp = String(Math.floor(sim.now().getTime() / 1000))
      const token = randomText(random, 50)
      const signature = createHmac('sha256', isBad ? 'wrong' : state.signingKey)
        .update(timestamp + token)
        .digest('hex')
      return {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ signature: { timestamp, token, signature }, 'event-data': data }),
      }
    })
  }

  const bounce = (severity: string, reason: string, code: number, message: string) => ({
    severity,
    reason,
    'delivery-status': { code, message, description: message, 'attempt-no': 1 },
  })
  const person = { 'client-type': 'mobile browser', 'client-os': 'iOS', 'user-agent': 'Mozilla/5.0 (iPhone)' }
  const build: Record<Happening, (sim: Simulator, t: Taken) => void> = {
    delivered: (sim, t) => emit(sim, t, 'delivered', { 'delivery-status': { code: 250, message: 'OK' } }),
    deferred: (sim, t) => emit(sim, t, 'failed', bounce('temporary', 'generic', 451, '4.7.1 greylisted')),
    bounced: (sim, t) => {
      suppressed.set(t.to, 'suppress-bounce')
      emit(sim, t, 'failed', bounce('permanent', 'bounce', 550, '5.1.1 No such user'))
    },
    soft_bounced: (sim, t) => emit(sim, t, 'failed', bounce('permanent', 'generic', 552, '5.2.2 mailbox full')),
    complained: (sim, t) => {
      suppressed.set(t.to, 'suppress-complaint')
      emit(sim, t, 'complained')
    },
    opened: (sim, t) => emit(sim, t, 'opened', { ip: '203.0.113.7', 'client-info': person }),
    machine_opened: (sim, t) => emit(sim, t, 'opened', { ip: '203.0.113.8', 'client-info': { bot: 'apple' } }),
    clicked: (sim, t) => emit(sim, t, 'clicked', { url: 'https://shop.test/', 'client-info': person }),
    unsubscribed: (sim, t) => {
      suppressed.set(t.to, 'suppress-unsubscribe')
      emit(sim, t, 'unsubscribed')
    },
  }

  const sim = await startBase('mailgun', options, {
    hooks,
    random,
    failure: (status, retryAfter): SimAnswer =>
      status === 429
        ? {
            status,
            body: {
              message: `Domain ${domain} is not allowed to send: recipient limit exceeded, try again after ${new Date(Date.now() + (retryAfter ?? 1) * 1000).toUTCString()}`,
            },
          }
        : {
            status,
            body: { message: 'Internal Server Error' },
            ...(retryAfter === null ? {} : { headers: { 'retry-after': String(retryAfter) } }),
          },
    handle: (request) => handle(request),
    control: {
      suppress: (body) => suppressed.set(String(body['address']), String(body['reason'] ?? 'suppress-bounce')),
    },
  })
  const state = Object.assign(sim, keys)

  function handle(request: SimRequest): SimAnswer {
    const expected = `Basic ${Buffer.from(`api:${state.apiKey}`).toString('base64')}`
    if (request.headers.authorization !== expected) return { status: 401, body: 'Forbidden' }
    const [, version, of, what] = request.path.split('/')
    if (version !== 'v3') return { status: 404, body: { message: 'Not Found' } }
    if (of !== domain) return { status: 404, body: { message: `Domain not found: ${of}` } }
    if (request.method === 'GET' && what === 'events') return { status: 200, body: search(request) }
    if (request.method !== 'POST' || (what !== 'messages' && what !== 'messages.mime'))
      return { status: 404, body: { message: 'Not Found' } }
    return accept(request, what === 'messages.mime')
  }

  function search(request: SimRequest): unknown {
    const wanted = (request.query.get('event') ?? '').split(/\s+OR\s+/).filter(Boolean)
    const begin = Number(request.query.get('begin') ?? 0)
    const recipient = request.query.get('recipient')
    const items = events.filter(
      (e) =>
        (wanted.length === 0 || wanted.includes(String(e['event']))) &&
        (!recipient || e['recipient'] === recipient) &&
        Number(e['timestamp']) >= begin,
    )
    return { items: items.slice(0, Number(request.query.get('limit') ?? 100)), paging: {} }
  }

  function accept(request: SimRequest, isMime: boolean): SimAnswer {
    const to = request.fields.filter(([n]) => n === 'to').flatMap(([, v]) => v.split(',').map((a) => a.trim()))
    if (to.length === 0) return { status: 400, body: { message: 'to parameter is missing' } }
    if (to.length > 1000)
      return { status: 400, body: { message: 'to parameter has too many recipients, 1000 is the limit' } }
    const bad = to.find((a) => !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(a.replace(/^.*<|>$/g, '')))
    if (bad)
      return { status: 400, body: { message: `to parameter is not a valid address. please check documentation` } }
    if (isMime ? !fieldOf(request, 'message') : !fieldOf(request, 'from'))
      return { status: 400, body: { message: `${isMime ? 'message' : 'from'} parameter is missing` } }
    if (!isMime && !['text', 'html', 'template'].some((n) => fieldOf(request, n)))
      return {
        status: 400,
        body: { message: "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified" },
      }
    const variables = parseVariables(fieldOf(request, 'recipient-variables'))
    // One id for the whole batch, as Mailgun has it.
    const id = `<${randomText(random, 20)}@${domain}>`
    for (const address of to) {
      const expand = (text: string | null): string | null =>
        text?.replace(/%recipient\.([\w-]+)%/g, (whole, name: string) => {
          const value = variables[address]?.[name]
          return typeof value === 'string' || typeof value === 'number' ? String(value) : whole
        }) ?? null
      const taken: Taken = {
        id,
        to: address,
        sendId: expand(fieldOf(request, 'v:send_id')),
        at: sim.now(),
        detail: isMime
          ? { mime: fieldOf(request, 'message') }
          : { subject: expand(fieldOf(request, 'subject')), text: expand(fieldOf(request, 'text')) },
      }
      sim.taken.push(taken)
      emit(sim, taken, 'accepted')
      const reason = suppressed.get(address)
      if (reason)
        emit(sim, taken, 'failed', bounce('permanent', reason, 605, 'Not delivering to previously bounced address'))
      else for (const h of happenings(address, sim.habits, random)) build[h](sim, taken)
    }
    return { status: 200, body: { id, message: 'Queued. Thank you.' } }
  }
  return state
}

function parseVariables(text: string | null): Record<string, Record<string, unknown>> {
  try {
    return text ? (JSON.parse(text) as Record<string, Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}
