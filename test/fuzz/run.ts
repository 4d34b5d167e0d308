import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Pool } from 'pg'
import { z } from 'zod'
import type { RouteShape } from '#contract/http.ts'
import { seededRandom } from '#sim/providers/random.ts'
import { contractRoutes } from '../contract-routes.ts'
import { hostile, hostileTexts, pick, valueOf, type JsonSchema, type Known, type Random } from './values.ts'

export interface Fault {
  kind: 'status' | 'hang' | 'trace' | 'thrown'
  request: string
  answer: string
}
export interface FuzzResult {
  requests: number
  routes: number
  /** answers by hundreds of their status */
  statuses: Record<string, number>
  slowestMs: number
  slowest: string
  faults: Fault[]
}

export interface FuzzOptions {
  seed: number
  count: number
  /** the header of each caller by name; null: nobody. Asked for anew when it is no longer good. */
  callers: Record<string, () => Promise<string | null>>
  known: Known
  hangMs?: number
  /** requests at once */
  lanes?: number
  onProgress?: (sofar: FuzzResult) => void
}

/** What an answer never holds: lines of a stack, places in our files, words of the database. */
const traces =
  /\n\s+at .+:\d+:\d+|node_modules\/|\b(server|core|db|contract)\/[\w/-]+\.ts\b|syntax error at or near|violates \w+(?:-\w+)? constraint|invalid input syntax for|relation "\w+" does not|column \S+ does not exist|ECONNREFUSED|Cannot read propert/

interface Target {
  method: string
  path: string
  shape: RouteShape | null
  query?: JsonSchema
  body?: JsonSchema
}

/** Random and hostile requests over every route of the application, as every caller. The same seed, the same requests. */
export async function fuzz(app: FastifyInstance, options: FuzzOptions): Promise<FuzzResult> {
  const random = seededRandom(options.seed)
  const targets = await targetsOf(app)
  const names = Object.keys(options.callers)
  const bearers = new Map<string, string | null>()
  for (const name of names) bearers.set(name, await options.callers[name]!())
  const result: FuzzResult = {
    requests: 0,
    routes: targets.length,
    statuses: {},
    slowestMs: 0,
    slowest: '',
    faults: [],
  }
  const one = async (n: number): Promise<void> => {
    // Every route comes up equally often, whatever the count.
    const target = targets[n % targets.length]!
    const caller = pick(random, names)
    const request = requestOf(random, target, options.known)
    const bearer = bearers.get(caller)
    if (bearer) request.headers = { authorization: `Bearer ${bearer}`, ...request.headers }
    request.remoteAddress = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
    const began = performance.now()
    const answer = await within(options.hangMs ?? 15_000, app.inject(request))
    const ms = performance.now() - began
    result.requests++
    if (ms > result.slowestMs) [result.slowestMs, result.slowest] = [ms, `${target.method} ${target.path}`]
    judge(result, `${caller}: ${shown(request)}`, answer)
    const status = typeof answer === 'object' && 'statusCode' in answer ? answer.statusCode : 0
    if (status === 401 && bearer) bearers.set(caller, await options.callers[caller]!())
  }
  const lanes = options.lanes ?? 4
  for (let n = 0; n < options.count; n += lanes) {
    await Promise.all(Array.from({ length: Math.min(lanes, options.count - n) }, (_, i) => one(n + i)))
    options.onProgress?.(result)
  }
  return result
}

/** Ids of things that are there, a few of each table. */
export async function idsIn(pool: Pool): Promise<string[]> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select c.relname as name from pg_class as c join pg_attribute as a on a.attrelid = c.oid join pg_type as t on t.oid = a.atttypid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attname = 'id' and t.typname = 'uuid'`,
  )
  const ids: string[] = []
  for (const { name } of tables)
    ids.push(...(await pool.query<{ id: string }>(`select id from "${name}" limit 4`)).rows.map((r) => r.id))
  return [...ids, '0199f5ce-0000-7000-8000-000000000000']
}

async function targetsOf(app: FastifyInstance): Promise<Target[]> {
  const shapes = await contractRoutes()
  const json = (schema: z.ZodType | undefined): { schema?: JsonSchema } =>
    schema ? { schema: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema } : {}
  return app.policies
    .filter((p) => p.method !== 'HEAD')
    .map(({ method, url }) => {
      const shape = shapes.find((s) => s.method === method && s.path === url) ?? null
      const query = json(shape?.query).schema
      const body = json(shape?.body).schema
      return { method, path: url, shape, ...(query ? { query } : {}), ...(body ? { body } : {}) }
    })
}

function requestOf(random: Random, target: Target, known: Known): InjectOptions {
  const wild = pick(random, [0, 0.02, 0.15, 0.5])
  const path = target.path.replace(/:\w+|\*/g, () =>
    encodeURIComponent(wellFormed(random() < 0.7 ? pick(random, known.ids) : pick(random, hostileTexts)).slice(0, 600)),
  )
  const request: InjectOptions = {
    method: target.method as 'GET',
    url: path + queryOf(random, target, known, wild),
    headers: {},
  }
  if (random() < 0.03)
    request.headers = {
      ...request.headers,
      [pick(random, ['origin', 'accept', 'cookie', 'idempotency-key', 'range', 'if-none-match', 'x-forwarded-for'])]:
        headerOf(random),
    }
  if (target.method === 'GET') return request
  if (target.shape?.upload) return { ...request, ...upload(random) }
  const body = target.body ? valueOf(random, target.body, known, wild) : random() < 0.5 ? hostile(random) : {}
  const odd = random()
  if (odd < 0.02)
    request.headers = {
      ...request.headers,
      'content-type': pick(random, [
        'text/plain',
        'application/xml',
        'application/json; charset=utf-7',
        'multipart/form-data',
        'application/x-www-form-urlencoded',
        '',
      ]),
    }
  else request.headers = { ...request.headers, 'content-type': 'application/json' }
  if (odd > 0.98)
    request.payload = pick(random, [
      '',
      '{',
      '[1,',
      '"',
      '{"a":1}{"b":2}',
      '\uFEFF{}',
      '['.repeat(20_000),
      '{"__proto__":{"role":"admin"}}',
      '{"constructor":{"prototype":{"x":1}}}',
      'null',
      `{"a":"${'x'.repeat(2_000_000)}"}`,
    ])
  else request.payload = JSON.stringify(random() < wild / 3 ? polluted(random, body) : body) ?? 'null'
  return request
}

const wellFormed = (text: string): string => text.toWellFormed()

function headerOf(random: Random): string {
  return wellFormed(pick(random, hostileTexts))
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 2000)
}

function queryOf(random: Random, { query }: Target, known: Known, wild: number): string {
  if (!query && random() < 0.9) return ''
  const made = query ? valueOf(random, query, known, wild) : { x: hostile(random) }
  const pairs = Object.entries(
    typeof made === 'object' && made !== null ? (made as Record<string, unknown>) : { q: made },
  )
    .flatMap(([name, value]) =>
      Array.isArray(value) && random() < 0.5 ? value.slice(0, 5).map((v) => [name, v]) : [[name, value]],
    )
    .map(([name, value]) => {
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
      return `${encodeURIComponent(wellFormed(String(name)))}=${encodeURIComponent(wellFormed(text).slice(0, 4000))}`
    })
  if (random() < 0.05) pairs.push('page=1&page=2', '%', 'a[b]=c', '__proto__[x]=1')
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

function polluted(random: Random, body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  return { ...body, [pick(random, ['id', 'role', 'tenant_id', 'is_active', 'created_by', 'x'])]: hostile(random) }
}

function upload(random: Random): Partial<InjectOptions> {
  const boundary = 'fuzzfuzzfuzz'
  const content = pick(random, [
    'email,name\na@example.com,Ann\n',
    'email\n"unclosed\n',
    hostileTexts[Math.floor(random() * hostileTexts.length)]!,
    '\x1f\x8b\x08\x00broken',
    'PK\x03\x04broken',
    '{"email": 1}\n[',
    '\0'.repeat(5000),
  ])
  const name = wellFormed(
    pick(random, ['shop.csv', '../../x.csv', 'x.xlsx', 'x.json', 'x.gz', '', 'a"b.csv', 'ü.csv']),
  ).replace(/"/g, '%22')
  const fields = {
    kind: pick(random, ['customers', 'orders', 'products', 'x']),
    mapping: pick(random, ['{}', '{', '{"email":"Email"}', '[]']),
    dry_run: 'true',
  }
  const parts = [
    ...Object.entries(fields).map(
      ([k, v]) => `--${boundary}\r\ncontent-disposition: form-data; name="${k}"\r\n\r\n${v}\r\n`,
    ),
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: text/csv\r\n\r\n${wellFormed(content)}\r\n`,
    random() < 0.9 ? `--${boundary}--\r\n` : '',
  ]
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, payload: parts.join('') }
}

async function within(
  ms: number,
  answer: Promise<LightMyRequestResponse>,
): Promise<LightMyRequestResponse | 'hang' | Error> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([answer, new Promise<'hang'>((done) => (timer = setTimeout(() => done('hang'), ms)))])
  } catch (error) {
    return error as Error
  } finally {
    clearTimeout(timer)
  }
}

function judge(result: FuzzResult, request: string, answer: LightMyRequestResponse | 'hang' | Error): void {
  if (answer === 'hang') return void result.faults.push({ kind: 'hang', request, answer: '' })
  if (answer instanceof Error) return void result.faults.push({ kind: 'thrown', request, answer: String(answer) })
  const hundred = `${Math.floor(answer.statusCode / 100)}xx`
  result.statuses[hundred] = (result.statuses[hundred] ?? 0) + 1
  const text = /json|text|html|xml/.test(String(answer.headers['content-type'] ?? '')) ? answer.body : ''
  if (answer.statusCode >= 500)
    result.faults.push({ kind: 'status', request, answer: `${answer.statusCode} ${text.slice(0, 300)}` })
  else if (answer.statusCode >= 400 && traces.test(text))
    result.faults.push({ kind: 'trace', request, answer: text.slice(0, 600) })
}

function shown({ method, url, payload }: InjectOptions): string {
  return `${method} ${String(url).slice(0, 300)} ${typeof payload === 'string' ? payload.slice(0, 600) : ''}`
}
