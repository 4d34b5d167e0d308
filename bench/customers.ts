import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import fastify, { type FastifyInstance } from 'fastify'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { createApp } from '#server/http/app.ts'
import { startSession } from '#server/accounts/session.ts'
import { createLog } from '#server/log.ts'
import { startShop } from './shop.ts'

// The list of customers under load, at a million customers and six million orders: what one page costs at the server.
const quick = process.argv.includes('--quick')
const customers = quick ? 50_000 : 1_000_000
const clients = 50
const seconds = quick ? 2 : 8
const say = (text: string): boolean => process.stderr.write(text + '\n')
const round = (n: number, digits = 1): number => Number(n.toFixed(digits))
const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * q)] ?? 0
const run = promisify(execFile)

interface Load {
  p50: number
  p95: number
  perSecond: number
  failed: number
}

const { database, dataDir, stop } = await startShop(customers)
try {
  const config = readConfig({
    LMA_DATA: dataDir,
    LMA_SECRET: 'a secret that only the bench uses, 32 chars',
    LMA_TRUST_PROXY: '1',
  })
  const ctx = createContext(config, database.url, { log: createLog('error') })
  const user = await createUser(ctx, systemActor, {
    email: 'bench@shop.test',
    password: 'a long bench password',
    fullName: 'Bench',
    role: 'manager',
  })
  const { accessToken: token } = await startSession(ctx, user.id, { userAgent: 'bench', ip: '127.0.0.1' })

  let times: number[] = []
  // The limit of requests counts a minute by address, and this takes several.
  let crowd = 0
  const listen = async (app: FastifyInstance): Promise<number> => {
    app.addHook('onResponse', (_request, reply, done) => {
      times.push(reply.elapsedTime)
      done()
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return (app.server.address() as { port: number }).port
  }
  const load = async (port: number, paths: readonly string[]): Promise<Load> => {
    const child = new URL('./customers-clients.ts', import.meta.url).pathname
    const job = (s: number) =>
      run(process.execPath, [child, JSON.stringify({ port, token, paths, clients, seconds: s, crowd: crowd++ })])
    await job(1)
    times = []
    const { stdout } = await job(seconds)
    const { answered, failed } = JSON.parse(stdout) as { answered: number; failed: number }
    return { p50: quantile(times, 0.5), p95: quantile(times, 0.95), perSecond: answered / seconds, failed }
  }

  const app = await createApp(ctx)
  const port = await listen(app)
  const list = '/api/v1/customers?page_size=25'
  const get = async (url: string): Promise<{ next_cursor: string }> =>
    (await (
      await fetch(`http://127.0.0.1:${port}${url}`, { headers: { authorization: `Bearer ${token}` } })
    ).json()) as {
      next_cursor: string
    }
  // By number as far as anybody counts exactly, by cursor five times as far.
  const deepBy = Math.min(400, customers / 50)
  // Not the last page of a small shop: that one has no next.
  const cursor = (await get(`${list}&sort=-clv_score&page=${Math.min(deepBy * 5, customers / 25 - 50)}`)).next_cursor
  const kinds: Record<string, string[]> = {
    list: [list, `${list}&sort=name`, `${list}&sort=-clv_score`],
    filter: [
      `${list}&rfm_segment=Champions&sort=-clv_score`,
      `${list}&state=NY&email_consent=granted`,
      `${list}&tags=vip&churn_risk=high&sort=-last_purchase_at`,
      `${list}&primary_category=Bourbon&is_night_buyer=true&clv_min_cents=50000&sort=-total_spent`,
    ],
    sort: [
      '-total_spent',
      '-last_purchase_at',
      'purchase_frequency',
      '-avg_order_value',
      'email',
      '-created_at',
      '-name',
      'rfm_segment,-clv_score',
    ].map((sort) => `${list}&sort=${sort}`),
    search: ['mary%20bakerwell', 'c4242', 'zo%C3%AB%20thornf', 'c123456%40example.com', 'rosenzalez-okafor'].map(
      (q) => `${list}&q=${q}`,
    ),
    'deep page': [
      `${list}&sort=-clv_score&page=${deepBy}`,
      `${list}&sort=name&page=${deepBy}`,
      `${list}&sort=-clv_score&cursor=${cursor}`,
    ],
  }
  say(['', 'p50 ms', 'p95 ms', 'per s', 'failed'].join('\t'))
  const results: Record<string, Load> = {}
  const report = (name: string, r: Load): void => {
    results[name] = r
    say([name.padEnd(12), round(r.p50), round(r.p95), round(r.perSecond, 0), r.failed].join('\t'))
  }
  const only = process.argv.find((a) => a.startsWith('--only='))?.slice(7)
  for (const [name, paths] of Object.entries(kinds)) {
    if (only && only !== name) continue
    if (process.argv.includes('--each'))
      for (const one of paths) report(one.slice(list.length) || '(default)', await load(port, [one]))
    else report(name, await load(port, paths))
  }
  report('mixed', await load(port, Object.values(kinds).flat()))

  // What the machine gives for the same bytes without us: a bare route that answers one finished page.
  const page = await get(list)
  const bare = fastify()
  bare.get('/page', () => page)
  const barePort = await listen(bare)
  const still = await load(barePort, ['/page'])
  report('bare fastify', still)
  await bare.close()
  await app.close()
  await closeContext(ctx)
  const worst = (q: 'p50' | 'p95', names: string[]): number => Math.max(...names.map((n) => results[n]?.[q] ?? 0))
  const figures = {
    customers,
    orders: customers * 6,
    clients,
    list_p95_ms: round(worst('p95', ['list', 'filter', 'sort', 'search'])),
    deep_page_p95_ms: round(results['deep page']?.p95 ?? 0),
    mixed_p50_ms: round(results['mixed']!.p50),
    mixed_p95_ms: round(results['mixed']!.p95),
    mixed_per_s: round(results['mixed']!.perSecond, 0),
    vs_static_json: round(results['mixed']!.perSecond / still.perSecond, 3),
    failed: Object.values(results).reduce((sum, r) => sum + r.failed, 0),
    by_kind_p95_ms: Object.fromEntries(Object.entries(results).map(([name, r]) => [name, round(r.p95)])),
  }
  const notes = [
    'time at the server, from the request being read to the answer being written, with 50 clients that ask without pause',
    'list_p95_ms: the worst of list, filter, sort and search',
    'vs_static_json: answers per second beside a bare Fastify route that returns one finished page',
  ]
  process.stdout.write(JSON.stringify({ bench: 'customers', quick, figures, notes }) + '\n')
} finally {
  await stop()
}
