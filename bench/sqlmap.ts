import { spawn } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { z } from 'zod'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import { openTo } from '#server/http/access-policy.ts'
import { createApp } from '#server/http/app.ts'
import { contractRoutes } from '#test/contract-routes.ts'
import { bearerOf } from '#test/sign-in.ts'
import { withAttackedShop } from './attacked-shop.ts'

// sqlmap (of the system: apt install sqlmap) over every text parameter of every list, as an admin, against a shop with demo
// data. A route that is open on purpose stands beside them and must be found, or the run says nothing.
const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const level = argument('level') ?? '3'
const risk = argument('risk') ?? '2'
const only = argument('only')
const say = (text: string): boolean => process.stderr.write(text + '\n')

type Property = { type?: string; enum?: unknown[]; anyOf?: { type?: string }[] }
/** What a list is asked with so that it answers; the last page of a cursor is asked for below. */
const sensible: Record<string, string> = {
  q: 'wine',
  page_size: '5',
  from: '2026-01-01T00:00:00Z',
  to: '2027-01-01T00:00:00Z',
  period: '30d',
  entity: 'customer',
  entity_id: '0199f5ce-0000-7000-8000-000000000000',
  request_id: 'req-1',
  city: 'Austin',
  zip: '75201',
  state: 'TX',
  category: 'Bourbon',
  segment: 'Loyal',
}

interface Found {
  route: string
  parameters: string[]
  injectable: string[]
  requests: number
}

await withAttackedShop('sqlmap', 300, async (ctx, dataDir) => {
  const { id } = await createUser(ctx, systemActor, {
    email: 'admin@sqlmap.test',
    password: 'a long password of the bench',
    fullName: 'admin',
    role: 'admin',
  })
  let bearer = await bearerOf(ctx, id)
  const renewing = setInterval(() => void bearerOf(ctx, id).then((b) => (bearer = b)), 60_000)
  const app = await createApp(ctx)
  let requests = 0
  const statuses: Record<string, number> = {}
  app.addHook('onRequest', (request, _reply, done) => {
    requests++
    request.headers.authorization = `Bearer ${bearer}`
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    if (request.url.includes('open-on-purpose')) return done()
    const hundred = `${Math.floor(reply.statusCode / 100)}xx`
    statuses[hundred] = (statuses[hundred] ?? 0) + 1
    done()
  })
  app.get<{ Querystring: { q: string } }>('/api/v1/open-on-purpose', { config: openTo('of the bench') }, (request) =>
    ctx.pool
      .query(`select c.id from customers as c where c.city like '${request.query.q}%' limit 5`)
      .then(({ rows }) => ({ data: rows })),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`

  const targets: { route: string; url: string; parameters: string[] }[] = [
    { route: 'GET /api/v1/open-on-purpose', url: `${base}/api/v1/open-on-purpose?q=Austin`, parameters: ['q'] },
  ]
  for (const route of await contractRoutes()) {
    if (route.method !== 'GET' || !route.query || route.path.includes(':')) continue
    const schema = z.toJSONSchema(route.query, { io: 'input', unrepresentable: 'any' }) as {
      properties?: Record<string, Property>
    }
    const texts = Object.entries(schema.properties ?? {})
      .filter(([, p]) => [p, ...(p.anyOf ?? [])].some((one) => one.type === 'string') && !p.enum)
      .map(([name]) => name)
    if (texts.length === 0) continue
    const query = new URLSearchParams()
    const put = async (name: string, value: string): Promise<void> => {
      query.set(name, value)
      // A value that the list refuses would hide what lies behind the others.
      const { status } = await fetch(`${base}${route.path}?${query}`)
      if (status !== 200) query.delete(name)
    }
    if (schema.properties!['page_size']) await put('page_size', '5')
    const first = (await (await fetch(`${base}${route.path}?${query}`)).json().catch(() => ({}))) as {
      next_cursor?: string
      page?: { next_cursor?: string }
    }
    const cursor = first.next_cursor ?? first.page?.next_cursor
    if (cursor) await put('cursor', cursor)
    for (const name of texts) if (name !== 'cursor') await put(name, sensible[name] ?? (name === 'sort' ? 'name' : 'x'))
    for (const name of texts) if (!query.has(name)) query.set(name, name === 'sort' ? '-created_at' : 'x')
    // Those that made it refuse go into a request of their own, one by one.
    const good = new URLSearchParams(query)
    const refused: string[] = []
    for (const name of texts) {
      const alone = new URLSearchParams([[name, query.get(name)!]])
      if ((await fetch(`${base}${route.path}?${alone}`)).status !== 200) {
        refused.push(name)
        good.delete(name)
      }
    }
    const kept = texts.filter((t) => good.has(t))
    if (kept.length > 0)
      targets.push({ route: `GET ${route.path}`, url: `${base}${route.path}?${good}`, parameters: kept })
    for (const name of refused)
      targets.push({
        route: `GET ${route.path}`,
        url: `${base}${route.path}?${new URLSearchParams([[name, query.get(name)!]])}`,
        parameters: [name],
      })
  }

  const results: Found[] = []
  const began = Date.now()
  for (const target of targets.filter((t) => !only || t.route.includes(only) || t.route.includes('on-purpose'))) {
    const before = requests
    const out = await sqlmap(target.url, target.parameters, dataDir)
    const injectable = [...out.matchAll(/^Parameter: (\S+) \(/gm)].map((m) => m[1]!)
    results.push({ route: target.route, parameters: target.parameters, injectable, requests: requests - before })
    say(
      `${target.route} ${target.parameters.join(',')}: ${injectable.join(',') || 'nothing'} (${requests - before} requests)`,
    )
    if (process.env['SQLMAP_LOG']) say(out)
  }
  clearInterval(renewing)
  const [control, ...real] = results
  const injectable = real.flatMap((r) => r.injectable.map((p) => `${r.route} ${p}`))
  process.stdout.write(
    JSON.stringify({
      bench: 'sqlmap',
      level: Number(level),
      risk: Number(risk),
      routes: new Set(real.map((r) => r.route)).size,
      parameters: real.reduce((n, r) => n + r.parameters.length, 0),
      requests,
      statuses,
      injectable: injectable.length,
      which: injectable,
      open_on_purpose_found: control!.injectable.length > 0,
      seconds: Math.round((Date.now() - began) / 1000),
    }) + '\n',
  )
  if (injectable.length > 0 || control!.injectable.length === 0) process.exitCode = 1
  await app.close()
})

/** What sqlmap says about these parameters of an address. */
function sqlmap(url: string, parameters: string[], dataDir: string): Promise<string> {
  const args = ['-u', url, '-p', parameters.join(','), '--level', level, '--risk', risk, '--dbms', 'PostgreSQL']
  const quiet = [
    '--batch',
    '--threads',
    '4',
    '--flush-session',
    '--disable-coloring',
    '--timeout',
    '20',
    '--retries',
    '1',
  ]
  // 400 is how we refuse; it must not end the run.
  const child = spawn(
    'sqlmap',
    [...args, ...quiet, '--ignore-code', '*', '--output-dir', path.join(dataDir, 'sqlmap')],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  return new Promise((resolve, reject) => {
    let out = ''
    child.stdout.on('data', (part: Buffer) => (out += part.toString()))
    child.stderr.on('data', (part: Buffer) => (out += part.toString()))
    child.once('error', () => reject(new Error('sqlmap is not there: apt install sqlmap')))
    child.once('close', () => resolve(out))
  })
}
