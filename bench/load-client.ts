import { Agent, request } from 'node:http'

// Open-loop load on the API, a process of its own: requests leave when they are due, however late the answers are, and a
// late answer counts from when its request was due. Reads a plan from stdin, prints one JSON object.

export interface LoadPlan {
  ports: number[]
  /** of the people at work: each asks in turn */
  tokens: string[]
  perSecond: number
  seconds: number
  /** of customers, to look at */
  ids: string[]
  campaignId: string | null
}

export interface LoadReport {
  asked: number
  errors: number
  p50_ms: number
  p95_ms: number
  p99_ms: number
  /** slowest twentieth of each kind of request */
  p95_by_kind: Record<string, number>
}

let text = ''
for await (const chunk of process.stdin) text += String(chunk)
const plan = JSON.parse(text) as LoadPlan
const agents = plan.ports.map(() => new Agent({ keepAlive: true, maxSockets: 64 }))
const times: number[] = []
const byKind = new Map<string, number[]>()
let errors = 0

const any = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!

interface Asked {
  kind: string
  method: 'GET' | 'POST'
  path: string
  body?: string
}
const get = (kind: string, path: string): Asked => ({ kind, method: 'GET', path })

/** What people at work ask, by how often they do. */
function next(n: number): Asked {
  const turn = n % 20
  if (turn < 6) return get('list', '/customers?page_size=50&sort=-created_at')
  if (turn < 9) return get('search', `/customers?page_size=25&q=${any(['bak', 'ros', 'len', 'val', 'fen'])}`)
  if (turn < 13) return get('customer', `/customers/${any(plan.ids)}`)
  if (turn < 15) return get('campaigns', '/campaigns?page_size=25')
  if (turn < 16) return get('campaign', plan.campaignId ? `/campaigns/${plan.campaignId}/analytics` : '/campaigns')
  if (turn < 17) return get('dashboard', '/analytics/dashboard')
  if (turn < 18) return get('segments', '/segments')
  if (turn < 19) return get('setting', '/settings/shop')
  return {
    kind: 'create',
    method: 'POST',
    path: '/customers',
    body: JSON.stringify({ name: `Load ${n}`, email: `load-${process.pid}-${n}@example.com` }),
  }
}

function ask(n: number, due: number): Promise<void> {
  const { kind, method, path, body } = next(n)
  const at = n % plan.ports.length
  return new Promise((resolve) => {
    const done = (ok: boolean): void => {
      if (!ok) errors++
      const took = performance.now() - due
      times.push(took)
      const own = byKind.get(kind)
      if (own) own.push(took)
      else byKind.set(kind, [took])
      resolve()
    }
    const asked = request(
      {
        agent: agents[at],
        host: '127.0.0.1',
        port: plan.ports[at],
        method,
        path: `/api/v1${path}`,
        timeout: 15_000,
        headers: {
          authorization: `Bearer ${plan.tokens[(n + Math.floor(n / 20)) % plan.tokens.length]}`,
          // Many people, each with a rate limit of their own.
          'x-forwarded-for': `10.${(n >> 8) % 256}.${n % 256}.7`,
          ...(body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {}),
        },
      },
      (answer) => {
        answer.resume()
        answer.once('end', () => done(answer.statusCode! < 400))
        answer.once('error', () => done(false))
      },
    )
    asked.once('error', () => done(false))
    asked.once('timeout', () => asked.destroy(new Error('timeout')))
    asked.end(body)
  })
}

const started = performance.now()
const gap = 1000 / plan.perSecond
const all: Promise<void>[] = []
for (let n = 0; n < plan.perSecond * plan.seconds; n++) {
  const due = started + n * gap
  const early = due - performance.now()
  if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
  all.push(ask(n, due))
}
await Promise.all(all)
for (const agent of agents) agent.destroy()
const at = (of: readonly number[], q: number): number =>
  Math.round((of.toSorted((a, b) => a - b)[Math.min(of.length - 1, Math.floor(of.length * q))] ?? 0) * 10) / 10
const report: LoadReport = {
  asked: times.length,
  errors,
  p50_ms: at(times, 0.5),
  p95_ms: at(times, 0.95),
  p99_ms: at(times, 0.99),
  p95_by_kind: Object.fromEntries([...byKind].map(([kind, own]) => [kind, at(own, 0.95)])),
}
process.stdout.write(JSON.stringify(report) + '\n')
