import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { testApp } from '#test/app.ts'
import { processHooks } from '../tills/process.ts'

const run = promisify(execFile)
const { ctx, app, as } = await testApp({ clock: () => new Date('2026-11-25T18:00:00Z') })
const admin = as('admin')

test('the commands of docs/connect-a-till.md do what it says', async () => {
  const text = readFileSync(path.resolve(import.meta.dirname, '../../../docs/connect-a-till.md'), 'utf8')
  const commands = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((m) => m[1]!)
  expect(commands).toHaveLength(5)
  const key = await admin({
    method: 'POST',
    url: '/api/v1/api-keys',
    payload: { name: 'Docs', scopes: ['orders:write', 'orders:read', 'events:write', 'customers:write'] },
  })
  const till = await admin({
    method: 'POST',
    url: '/api/v1/integrations',
    payload: { kind: 'shopify', name: 'Docs', secret: 'a secret of the docs' },
  })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  afterAll(() => app.server.closeAllConnections())
  const env = {
    ...process.env,
    LMA: address,
    KEY: key.json<{ secret: string }>().secret,
    HOOK: `${address}/hooks/shopify/${till.json<{ id: string }>().id}`,
    SECRET: 'a secret of the docs',
  }
  const answers: string[] = []
  for (const command of commands) answers.push((await run('bash', ['-euc', command], { env, timeout: 30_000 })).stdout)
  const [orders, list, events, customers, hook] = answers
  expect(JSON.parse(orders!)).toMatchObject({
    created: 1,
    refused: 1,
    outcomes: [{ outcome: 'created' }, { outcome: 'refused', errors: [{ path: 'orders.1.ordered_at' }] }],
  })
  expect(JSON.parse(list!)).toMatchObject({ total: 1, data: [{ external_id: 'T2-4711', total_cents: 6097 }] })
  expect(JSON.parse(events!)).toMatchObject({ created: 1 })
  expect(JSON.parse(customers!)).toMatchObject({ changed: 1, refused: 0 })
  expect(hook).toBe('ok\n')
  expect(await processHooks(ctx)).toBe(1)
  const { rows } = await ctx.pool.query(`select total_cents from orders where external_id = 'shopify:450789469'`)
  expect(rows).toEqual([{ total_cents: 5998 }])
}, 60_000)
