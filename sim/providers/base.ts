import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { drawFault, faultKinds, type Fault } from './faults.ts'
import type { HookPoster } from './hooks.ts'
import { seededRandom } from './random.ts'
import type { Habits } from './recipients.ts'

export interface SimRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  /** the bytes as they came */
  raw: Buffer
  text: string
  /** null when it is no JSON */
  json: Record<string, unknown> | null
  /** fields of an urlencoded or multipart body, in their order */
  fields: [string, string][]
}

export interface SimAnswer {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

/** A message that a simulator took. */
export interface Taken {
  id: string
  to: string
  sendId: string | null
  at: Date
  /** the request that brought it, for the curious */
  detail: Record<string, unknown>
}

/** What every simulator has: an address, what it took, faults, webhooks, and `close`. */
export interface Simulator {
  name: string
  url: string
  requests: SimRequest[]
  taken: Taken[]
  faults: Fault[]
  /** requests a second that are let in; null: all */
  ratePerSecond: number | null
  /** how recipients behave; null: everything is delivered, unless the address says otherwise */
  habits: Habits | null
  /** its clock is ahead of ours by this much */
  skewMs: number
  hooks: HookPoster
  /** copies of each send id */
  copies(): Map<string, number>
  now(): Date
  close(): Promise<void>
}

export interface SimOptions {
  port?: number
  seed?: number
}

export interface Desk {
  sim: Simulator
  random: () => number
}

const mostKept = 20_000

/**
 * An HTTP server on loopback that plays a provider. `handle` answers as the provider would and says what it took; faults
 * are laid over it here: some let it take the message and lose the answer. `/_ctl` shows and sets everything.
 */
export async function startBase(
  name: string,
  options: SimOptions,
  parts: {
    hooks: HookPoster
    random?: () => number
    handle(request: SimRequest, desk: Desk): SimAnswer | Promise<SimAnswer>
    /** the answer of a fault in the provider's own words */
    failure(status: number, retryAfter: number | null): SimAnswer
    /** further controls, by name */
    control?: Record<string, (body: Record<string, unknown>) => unknown>
  },
): Promise<Simulator> {
  const random = parts.random ?? seededRandom(options.seed ?? 1)
  const startedInSecond = { second: 0, n: 0 }
  const server: Server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 60_000
  const sim: Simulator = {
    name,
    url: '',
    requests: [],
    taken: [],
    faults: [],
    ratePerSecond: null,
    habits: null,
    skewMs: 0,
    hooks: parts.hooks,
    copies() {
      const out = new Map<string, number>()
      for (const t of sim.taken) if (t.sendId) out.set(t.sendId, (out.get(t.sendId) ?? 0) + 1)
      return out
    },
    now: () => new Date(Date.now() + sim.skewMs),
    async close() {
      parts.hooks.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  const desk: Desk = { sim, random }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const read = await readRequest(request)
    if (read.path.startsWith('/_ctl')) return answer(response, control(read))
    if (sim.requests.length >= mostKept) sim.requests.shift()
    sim.requests.push(read)
    if (isTooFast()) return answer(response, parts.failure(429, 1))
    const fault = read.method === 'POST' ? drawFault(sim.faults, random) : null
    const before = sim.taken.length
    const reply = fault && !faultKinds[fault.kind].took ? null : await parts.handle(read, desk)
    // Only a message that would have been taken can be taken and lost.
    if (!fault || (reply && sim.taken.length === before)) return answer(response, reply!)
    switch (fault.kind) {
      case 'reset':
      case 'drop_after':
        return void response.socket?.destroy()
      case 'hang':
      case 'hang_after':
        return
      case 'error_500':
      case 'error_500_sent':
        return answer(response, parts.failure(500, null))
      case 'error_503':
        return answer(response, parts.failure(503, fault.retryAfter ?? null))
      case 'throttle':
        return answer(response, parts.failure(429, fault.retryAfter ?? 1))
      case 'malformed':
        response.writeHead(reply!.status, { 'content-type': 'application/json', ...reply!.headers })
        return void response.end('<html>504 upstream</html>')
      case 'truncated': {
        const text = JSON.stringify(reply!.body ?? {})
        response.writeHead(reply!.status, { 'content-type': 'application/json', 'content-length': text.length + 9 })
        response.write(text.slice(0, Math.ceil(text.length / 2)))
        return void setTimeout(() => response.socket?.destroy(), 20)
      }
    }
  }

  function isTooFast(): boolean {
    if (sim.ratePerSecond === null) return false
    const second = Math.floor(Date.now() / 1000)
    if (second !== startedInSecond.second) {
      startedInSecond.second = second
      startedInSecond.n = 0
    }
    startedInSecond.n += 1
    return startedInSecond.n > sim.ratePerSecond
  }

  function control(request: SimRequest): SimAnswer {
    const body = request.json ?? {}
    const word = request.path.replace(/^\/_ctl\/?/, '')
    if (request.method === 'POST') {
      if (word === 'reset') {
        sim.taken.length = 0
        sim.requests.length = 0
        sim.faults = []
      } else if (word === 'hooks') Object.assign(parts.hooks.settings, body)
      else if (parts.control?.[word]) return { status: 200, body: parts.control[word](body) ?? {} }
      else
        for (const key of ['faults', 'ratePerSecond', 'habits', 'skewMs'] as const)
          if (key in body) Object.assign(sim, { [key]: body[key] })
    }
    if (word === 'messages') return { status: 200, body: sim.taken.slice(-200) }
    return {
      status: 200,
      body: {
        name,
        taken: sim.taken.length,
        distinct: sim.copies().size,
        requests: sim.requests.length,
        faults: sim.faults,
        ratePerSecond: sim.ratePerSecond,
        habits: sim.habits,
        skewMs: sim.skewMs,
        hooks: { ...parts.hooks.settings, posted: parts.hooks.sent.length },
      },
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  sim.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return sim
}

function answer(response: ServerResponse, { status, body, headers }: SimAnswer): void {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

async function readRequest(request: IncomingMessage): Promise<SimRequest> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const raw = Buffer.concat(parts)
  const text = raw.toString('utf8')
  const url = new URL(request.url ?? '/', 'http://sim')
  const type = request.headers['content-type'] ?? ''
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    raw,
    text,
    json: type.includes('json') ? parseJson(text) : null,
    fields: type.includes('multipart/form-data')
      ? readMultipart(raw.toString('latin1'), type)
      : type.includes('urlencoded')
        ? [...new URLSearchParams(text)]
        : [],
  }
}

function parseJson(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** RFC 7578: names and values of the parts, as UTF-8. */
function readMultipart(body: string, type: string): [string, string][] {
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1]
  if (!boundary) return []
  return body
    .split(`--${boundary}`)
    .slice(1, -1)
    .flatMap((part) => {
      const split = part.indexOf('\r\n\r\n')
      const name = /name="([^"]*)"/i.exec(part.slice(0, split))?.[1]
      return name === undefined
        ? []
        : [[name, Buffer.from(part.slice(split + 4, -2), 'latin1').toString('utf8')] as [string, string]]
    })
}

/** The first value of a field. */
export function fieldOf(request: SimRequest, name: string): string | null {
  return request.fields.find(([n]) => n === name)?.[1] ?? null
}
