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
}

let text = ''
for await (const chunk of process.stdin) text += String(chunk)
const plan = JSON.parse(text) as LoadPlan
const agents = plan.ports.map(() => new Agent({ keepAlive: true, maxSockets: 64 }))
const times: number[] = []
let errors = 0

const any = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!

/** What people at work ask, by how often they do. */
function next(n: number): { method: string; path: string; body?: string } {
  const kind = n % 20
  if (kind < 6) return { method: 'GET', path: `/customers?page_size=50&sort=-created_at` }
  if (kind < 9) return { method: 'GET', path: `/customers?page_size=25&q=${any(['bak', 'ros', 'len', 'val', 'fen'])}` }
  if (kind < 13) return { method: 'GET', path: `/customers/${any(plan.ids)}` }
  if (kind < 15) return { method: 'GET', path: '/campaigns?page_size=25' }
  if (kind < 16)
    return { method: 'GET', path: plan.campaignId ? `/campaigns/${plan.campaignId}/analytics` : '/campaigns' }
  if (kind < 17) return { method: 'GET', path: '/analytics/dashboard' }
  if (kind < 18) return { method: 'GET', path: '/segments' }
  if (kind < 19) return { method: 'GET', path: '/settings/shop' }
  return {
    method: 'POST',
    path: '/customers',
    body: JSON.stringify({ name: `Load ${n}`, email: `load-${process.pid}-${n}@example.com` }),
  }
}

function ask(n: number, due: number): Promise<void> {
  const { method, path, body } = next(n)
  const at = n % plan.ports.length
  return new Promise((resolve) => {
    const done = (ok: boolean): void => {
      if (!ok) errors++
      times.push(performance.now() - due)
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
times.sort((a, b) => a - b)
const at = (q: number): number =>
  Math.round((times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0) * 10) / 10
const report: LoadReport = { asked: times.length, errors, p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) }
process.stdout.write(JSON.stringify(report) + '\n')
