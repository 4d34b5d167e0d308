import { randomUUID } from 'node:crypto'
import { startBase, type SimAnswer, type SimOptions, type SimRequest, type Simulator, type Taken } from './base.ts'
import { createHookPoster } from './hooks.ts'
import { seededRandom } from './random.ts'
import { happenings, type Happening } from './recipients.ts'

export interface PostmarkSim extends Simulator {
  token: string
  streams: string[]
}

/** Unsigned webhooks with Basic auth taken from the hook address, error codes of its own in the body, 403 ends retries. */
export async function startPostmark(options: SimOptions = {}): Promise<PostmarkSim> {
  const random = seededRandom(options.seed ?? 3)
  const hooks = createHookPoster({ random, retryMs: [20, 50, 100, 200, 400], stopOn: 403, basicAuth: true })
  const inactive = new Set<string>()
  let bounceId = 4_323_372_036_854_776_000

  function emit(sim: Simulator, t: Taken, type: string, more: Record<string, unknown>): void {
    const at = sim.now().toISOString()
    const body = JSON.stringify({
      RecordType: type,
      MessageID: t.id,
      ServerID: 23,
      MessageStream: t.detail['stream'],
      Tag: '',
      Metadata: { send_id: t.sendId },
      ...more,
      ...(type === 'Delivery' ? { DeliveredAt: at, Recipient: t.to } : {}),
      ...(type === 'Bounce' || type === 'SpamComplaint' ? { BouncedAt: at, Email: t.to, ID: (bounceId += 1024) } : {}),
      ...(type === 'Open' || type === 'Click' ? { ReceivedAt: at, Recipient: t.to } : {}),
      ...(type === 'SubscriptionChange' ? { ChangedAt: at, Recipient: t.to } : {}),
    })
    // Nothing is signed: a "bad signature" is a post without the password.
    hooks.push((isBad) => ({
      headers: { 'content-type': 'application/json', ...(isBad ? { 'x-sim-bad': '1' } : {}) },
      body,
    }))
  }

  const bounce = (Type: string, TypeCode: number, Description: string, Inactive: boolean) => ({
    Type,
    TypeCode,
    Name: Type,
    Description,
    Details: Description,
    Inactive,
    CanActivate: Inactive,
    Subject: '',
  })
  const agent = { UserAgent: 'Mozilla/5.0 (iPhone)', Client: { Name: 'Safari', Company: 'Apple' }, Geo: {} }
  const build: Record<Happening, (sim: Simulator, t: Taken) => void> = {
    delivered: (sim, t) => emit(sim, t, 'Delivery', { Details: '250 OK' }),
    deferred: (sim, t) => emit(sim, t, 'Bounce', bounce('Transient', 2, '451 4.7.1 greylisted', false)),
    bounced: (sim, t) => {
      inactive.add(t.to.toLowerCase())
      emit(sim, t, 'Bounce', bounce('HardBounce', 1, '550 5.1.1 no such user', true))
    },
    soft_bounced: (sim, t) => emit(sim, t, 'Bounce', bounce('SoftBounce', 4096, '552 5.2.2 mailbox full', false)),
    complained: (sim, t) => {
      inactive.add(t.to.toLowerCase())
      emit(sim, t, 'SpamComplaint', bounce('SpamComplaint', 512, 'The subscriber marked this as spam.', true))
    },
    opened: (sim, t) => emit(sim, t, 'Open', { ...agent, FirstOpen: true }),
    machine_opened: (sim, t) => emit(sim, t, 'Open', { ...agent, UserAgent: 'Mozilla/5.0', FirstOpen: true }),
    clicked: (sim, t) => emit(sim, t, 'Click', { ...agent, OriginalLink: 'https://shop.test/', ClickLocation: 'HTML' }),
    unsubscribed: (sim, t) => {
      inactive.add(t.to.toLowerCase())
      emit(sim, t, 'SubscriptionChange', {
        SuppressSending: true,
        SuppressionReason: 'ManualSuppression',
        Origin: 'Recipient',
      })
    },
  }

  const fault = (status: number, ErrorCode: number, Message: string): SimAnswer => ({
    status,
    body: { ErrorCode, Message },
  })
  const sim = await startBase('postmark', options, {
    hooks,
    random,
    failure: (status, retryAfter) => ({
      ...(status === 500
        ? { status, body: { Message: 'Internal server error.' } }
        : fault(status, status === 429 ? 429 : 100, status === 429 ? 'Rate limit exceeded.' : 'Maintenance.')),
      ...(retryAfter === null ? {} : { headers: { 'retry-after': String(retryAfter) } }),
    }),
    handle,
    control: { deactivate: (body) => inactive.add(String(body['address']).toLowerCase()) },
  })
  const state = Object.assign(sim, { token: 'pm-sim', streams: ['outbound', 'broadcast'] })

  function handle(request: SimRequest): SimAnswer {
    if (request.headers['x-postmark-server-token'] !== state.token)
      return fault(401, 10, 'Request does not contain a valid Server token.')
    if (request.method === 'GET' && request.path === '/messages/outbound') {
      const wanted = request.query.get('metadata_send_id')
      const found = sim.taken.filter((t) => !wanted || t.sendId === wanted)
      return {
        status: 200,
        body: {
          TotalCount: found.length,
          Messages: found.slice(0, Number(request.query.get('count') ?? 50)).map((t) => ({
            MessageID: t.id,
            Recipients: [t.to],
            Metadata: { send_id: t.sendId },
            Status: 'Sent',
          })),
        },
      }
    }
    if (request.method !== 'POST') return fault(404, 0, 'Not found.')
    if (request.path === '/email') {
      const one = accept(request.json ?? {})
      return { status: one.ErrorCode === 0 ? 200 : 422, body: one }
    }
    if (request.path === '/email/batch') {
      const list = Array.isArray(request.json) ? (request.json as Record<string, unknown>[]) : []
      if (list.length > 500) return fault(422, 410, 'Only 500 messages at once.')
      // A batch is 200 whatever becomes of each, in the same order.
      return { status: 200, body: list.map(accept) }
    }
    return fault(404, 0, 'Not found.')
  }

  function accept(body: Record<string, unknown>): { ErrorCode: number; Message: string; [key: string]: unknown } {
    const to = String(body['To'] ?? '')
    const stream = String(body['MessageStream'] ?? 'outbound')
    const refuse = (ErrorCode: number, Message: string) => ({ ErrorCode, Message })
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(to)) return refuse(300, "Invalid 'To' address.")
    if (!String(body['From'] ?? '').includes('@')) return refuse(300, "Invalid 'From' address.")
    if (!state.streams.includes(stream)) return refuse(1235, `The message stream '${stream}' was not found.`)
    if (!body['HtmlBody'] && !body['TextBody']) return refuse(300, 'Provide either email TextBody or HtmlBody or both.')
    if (String(body['HtmlBody'] ?? '').length > 5 * 2 ** 20) return refuse(300, 'HtmlBody may be 5 MB at most.')
    const metadata = (body['Metadata'] as Record<string, string> | undefined) ?? {}
    if (Object.keys(metadata).length > 10 || Object.values(metadata).some((v) => v.length > 80))
      return refuse(300, 'Metadata may have 10 keys with values of 80 characters.')
    if (inactive.has(to.toLowerCase()))
      return refuse(
        406,
        `You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: ${to}.`,
      )
    const t: Taken = { id: randomUUID(), to, sendId: metadata['send_id'] ?? null, at: sim.now(), detail: { stream } }
    sim.taken.push(t)
    for (const h of happenings(to, sim.habits, random)) build[h](sim, t)
    return { To: to, SubmittedAt: t.at.toISOString(), MessageID: t.id, ErrorCode: 0, Message: 'OK' }
  }
  return state
}
