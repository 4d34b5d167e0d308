import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import pg from 'pg'
import { migrate } from '#db/migrate.ts'
import { startPgBouncer, hasPgBouncer, noPgBouncer } from './pgbouncer.ts'
import { createDatabase } from './postgres.ts'
import { hasRedis, noRedis, startRedis, type RedisServer } from './redis.ts'
import { startStack, type Stack } from './stack.ts'

const sign = { email: 'ada@example.com', password: 'a long enough password' }

/** Two APIs and two workers behind a proxy; what is there of Redis and PgBouncer stands between. */
describe.each([
  ['on PostgreSQL alone', false],
  [`with PgBouncer in transaction mode and Redis (skipped if there is ${noPgBouncer} or ${noRedis})`, true],
])('%s', (_name, isFull) => {
  const isSkipped = isFull && !(hasRedis && hasPgBouncer)
  let stack: Stack
  let redis: RedisServer | undefined
  let pooler: { url: string; remove(): Promise<void> } | undefined
  let direct: string
  let token: string
  const ports = (): number[] => stack.members.filter((m) => m.role === 'api').map((m) => m.port)

  const call = (port: number, method: string, url: string, body?: object): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${url}`, {
      method,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })

  beforeAll(async () => {
    if (isSkipped) return
    direct = await createDatabase(inject('postgresUrl'), `many_${Date.now()}`)
    const env: Record<string, string> = { DATABASE_URL: direct }
    if (isFull) {
      redis = await startRedis()
      pooler = await startPgBouncer(direct, { poolSize: 8 })
      Object.assign(env, { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: direct, REDIS_URL: redis.url })
    }
    stack = await startStack(env, { api: 2, worker: 2 })
  }, 120_000)
  afterAll(async () => {
    if (isSkipped) return
    await stack?.stop()
    await redis?.remove()
    await pooler?.remove()
  })

  test.skipIf(isSkipped)('who signs in at one API is signed in at the other', async () => {
    const [one, other] = ports() as [number, number]
    expect((await call(one, 'POST', '/api/v1/auth/register', { ...sign, full_name: 'Ada' })).status).toBe(201)
    const login = await call(other, 'POST', '/api/v1/auth/login', sign)
    expect(login.status).toBe(200)
    token = ((await login.json()) as { access_token: string }).access_token
    for (const port of [one, other]) expect((await call(port, 'GET', '/api/v1/customers')).status).toBe(200)
  })

  test.skipIf(isSkipped)(
    'a job asked for at one API is done by a worker, and told to sockets of both',
    async () => {
      const [one] = ports() as [number, number]
      const heard = await Promise.all(ports().map((port) => listen(port, token)))
      const job = (await (await call(one, 'POST', '/api/v1/system/backups')).json()) as { id: string }
      for (const { messages } of heard)
        await expect
          .poll(() => messages.filter((m) => m.topic === `job.${job.id}`).map((m) => m.status), { timeout: 30_000 })
          .toContain('succeeded')
      for (const { socket } of heard) socket.close()
    },
    60_000,
  )

  test.skipIf(isSkipped)('the status shows all four processes, and each duty is done by one of them', async () => {
    const status = (await (
      await fetch(`${stack.base}/api/v1/system`, { headers: { authorization: `Bearer ${token}` } })
    ).json()) as {
      processes: { roles: string[] }[]
      parts: { jobs: string; has_pooler: boolean }
      duties: { name: string; runs: number; failures: number; error: string | null }[]
    }
    expect(status.processes.map((p) => p.roles.join()).toSorted()).toEqual(['api', 'api', 'worker', 'worker'])
    expect(status.parts).toMatchObject({ jobs: isFull ? 'redis' : 'postgres', has_pooler: isFull })
    expect(status.duties.filter((d) => d.error !== null)).toEqual([])
    expect(status.duties.length).toBeGreaterThan(10)
  })

  test.skipIf(isSkipped)(
    'requests of one key are counted over both APIs',
    async () => {
      const made = (await (
        await call(ports()[0]!, 'POST', '/api/v1/api-keys', { name: 'till', scopes: ['orders:read'], expires_at: null })
      ).json()) as { secret: string }
      const ask = async (i: number): Promise<number> =>
        (
          await fetch(`http://127.0.0.1:${ports()[i % 2]}/api/v1/orders`, {
            headers: { authorization: `Bearer ${made.secret}` },
          })
        ).status
      // Counts begin anew with each minute; the test must not sit on the edge of one.
      const leftMs = 60_000 - (Date.now() % 60_000)
      if (leftMs < 15_000) await new Promise((resolve) => setTimeout(resolve, leftMs + 100))
      const statuses: number[] = []
      for (let i = 0; i < 800; i += 20) {
        statuses.push(...(await Promise.all(Array.from({ length: 20 }, (_, n) => ask(i + n)))))
        if (statuses.includes(429)) break
      }
      // 600 in a minute over both; alone each would have let 400 of these 800 pass.
      expect(statuses.filter((s) => s === 200).length).toBeLessThan(760)
      expect(statuses).toContain(429)
    },
    120_000,
  )

  test.skipIf(isSkipped)(
    'an API and a worker are killed: the others go on, and what they did is done again',
    async () => {
      await stack.members.find((m) => m.role === 'api')!.kill()
      const worker = stack.members.find((m) => m.role === 'worker')!
      const begin = (): Promise<Response> =>
        fetch(`${stack.base}/api/v1/system/backups`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, connection: 'close' },
        })
      // A connection kept from before may lead to the dead one; every client asks again then.
      const job = (await (await begin().catch(begin)).json()) as { id: string }
      await worker.kill()
      const ask = async (): Promise<string> =>
        (
          (await (
            await fetch(`${stack.base}/api/v1/jobs/${job.id}`, {
              headers: { authorization: `Bearer ${token}`, connection: 'close' },
            })
          ).json()) as { status: string }
        ).status
      await expect.poll(ask, { timeout: 40_000, interval: 500 }).toBe('succeeded')
    },
    90_000,
  )

  test.skipIf(isSkipped)('nothing is left that a session would have to hold behind a pooler', async () => {
    for (const m of stack.members) expect(m.said.err).not.toMatch(/prepared statement|"level":"error"/)
    const client = new pg.Client({ connectionString: direct })
    await client.connect()
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from pg_locks where locktype = 'advisory' and pid in (select pid from pg_stat_activity where application_name not like 'liquor-agent%')`,
    )
    await client.end()
    expect(rows[0]!.n).toBe(0)
    expect(await migrate(direct)).toEqual([])
  })
})

interface Heard {
  topic: string
  status?: string
}

function listen(port: number, token: string): Promise<{ socket: WebSocket; messages: Heard[] }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/notifications`)
  const messages: Heard[] = []
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => socket.send(JSON.stringify({ token })))
    socket.addEventListener('error', () => reject(new Error('the socket broke')))
    socket.addEventListener('message', (event) => {
      const message = JSON.parse(String(event.data)) as Heard
      messages.push(message)
      if (message.topic === 'ready') resolve({ socket, messages })
    })
  })
}
