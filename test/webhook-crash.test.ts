import { fork, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { expect, test } from 'vitest'
import { systemActor } from '#server/audit.ts'
import { appendEvents } from '#server/events.ts'
import { createWebhook } from '#server/webhooks/subscriptions.ts'
import { testContext } from './context.ts'

const ctx = await testContext()
Object.assign(ctx.config, { privateAddresses: new Set(['webhooks']) })
const events = 1_500
const kills = 5
/** at most so many are leased by one process for one receiver, and none of them may be noted when it is killed */
const inFlight = 32

test('workers are killed in the middle of posting: nothing is lost, and what comes twice has the same id', async () => {
  const got = new Map<string, number>()
  const bodies = new Set<string>()
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const id = String(request.headers['webhook-id'])
      got.set(id, (got.get(id) ?? 0) + 1)
      bodies.add((JSON.parse(body) as { data: { event_id: string } }).data.event_id)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((done) => void receiver.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  const { webhook } = await createWebhook(ctx, systemActor, { name: 'x', kind: 'standard', url, events: ['send.sent'] })
  await appendEvents(
    ctx.pool,
    Array.from({ length: events }, () => ({ type: 'sent', at: new Date(), channel: 'email' })),
  )
  const start = async (): Promise<ChildProcess> => {
    const child = fork(path.join(import.meta.dirname, 'webhook-worker.ts'), {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        ...process.env,
        DATABASE_URL: ctx.databaseUrl,
        LMA_SECRET: ctx.config.secret,
        LMA_DATA: ctx.config.dataDir,
      },
    })
    await new Promise((ready) => child.once('message', ready))
    return child
  }
  for (let i = 0; i < kills; i++) {
    const worker = await start()
    const target = Math.min(events - 1, got.size + 150)
    await expect.poll(() => got.size, { timeout: 20_000, interval: 5 }).toBeGreaterThan(target)
    worker.kill('SIGKILL')
    await new Promise((gone) => worker.once('exit', gone))
    // Leases of the dead run out by themselves after two minutes; the test does not wait for that.
    await ctx.pool.query(
      `update webhook_deliveries set leased_until = now() where status = 'waiting' and leased_until is not null`,
    )
  }
  const last = await start()
  const left = async () =>
    (
      await ctx.pool.query<{ n: number }>(
        `select count(*)::int as n from webhook_deliveries where status <> 'delivered'`,
      )
    ).rows[0]!.n
  await expect.poll(left, { timeout: 30_000 }).toBe(0)
  last.kill('SIGKILL')
  receiver.close()
  const posts = [...got.values()].reduce((a, b) => a + b, 0)
  process.stderr.write(
    `webhooks: ${events} events, ${kills} kills, lost ${events - bodies.size}, posted twice ${posts - events}\n`,
  )
  expect([got.size, bodies.size]).toEqual([events, events])
  expect(posts - events).toBeLessThanOrEqual(kills * inFlight)
  expect(webhook.id).toBeTruthy()
}, 120_000)
