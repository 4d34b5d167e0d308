import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Import, ImportPreview } from '#contract/imports.ts'
import { runJob } from '#server/background.ts'
import { jobHandlers } from '#server/jobs.ts'
import { testApp } from '#test/app.ts'

const { app, ctx, as } = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
const admin = as('admin')
const manager = as('manager')
const user = as('user')

async function list(query: string): Promise<{ data: { email: string }[]; total: number }> {
  return (await manager({ method: 'GET', url: `/api/v1/customers?${query}` })).json()
}

function form(fields: Record<string, string>, file: string | Buffer, name = 'people.csv') {
  const boundary = 'x-boundary-x'
  const parts = Object.entries(fields).map(
    ([k, v]) => `--${boundary}\r\ncontent-disposition: form-data; name="${k}"\r\n\r\n${v}\r\n`,
  )
  const payload = Buffer.concat([
    Buffer.from(
      `${parts.join('')}--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: text/csv\r\n\r\n`,
    ),
    Buffer.from(file),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
  return { payload, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }
}

describe('imports over HTTP', () => {
  const csv = 'E-Mail Adress,Full Name,DOB,extra\nup1@example.com,Up One,1980-01-01,x\nbad@,Bad,1980-01-01,y\n'
  test('the preview guesses the columns and shows the first errors', async () => {
    const answer = await manager({
      method: 'POST',
      url: '/api/v1/imports/preview',
      ...form({ kind: 'customers' }, csv),
    })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json()).toMatchObject({
      headers: ['E-Mail Adress', 'Full Name', 'DOB', 'extra'],
      mapping: { email: 'E-Mail Adress', name: 'Full Name', birth_date: 'DOB' },
      unused: ['extra'],
      mapping_faults: [],
      samples: [
        ['up1@example.com', 'Up One', '1980-01-01', 'x'],
        ['bad@', 'Bad', '1980-01-01', 'y'],
      ],
      errors: [{ line: 3, column: 'E-Mail Adress', value: 'bad@' }],
    })
  })
  test('an upload is queued, run by a worker, and its rejects can be fetched', async () => {
    const answer = await manager({
      method: 'POST',
      url: '/api/v1/customers/import',
      ...form(
        { kind: 'customers', mapping: JSON.stringify({ email: 'E-Mail Adress', name: 'Full Name' }) },
        csv,
        '../../etc/people.csv',
      ),
    })
    expect(answer.statusCode, answer.body).toBe(202)
    const queued = answer.json<Import>()
    expect(queued).toMatchObject({ status: 'queued', source: 'people.csv' })
    await runJob(ctx, queued.job_id ?? '', jobHandlers, new AbortController().signal)
    const done = (await user({ method: 'GET', url: `/api/v1/imports/${queued.id}` })).json<Import>()
    expect(done).toMatchObject({ status: 'succeeded', rows_read: 2, rows_new: 1, rows_rejected: 1, has_rejects: true })
    const file = await manager({ method: 'GET', url: `/api/v1/imports/${queued.id}/rejects` })
    expect(file.headers['content-disposition']).toContain('people.csv-rejects.csv')
    expect(file.body).toContain('3,E-Mail Adress,This is not an email')
    expect((await user({ method: 'GET', url: `/api/v1/imports/${queued.id}/rejects` })).statusCode).toBe(403)
    expect((await user({ method: 'GET', url: '/api/v1/imports' })).json<{ data: Import[] }>().data[0]?.id).toBe(
      queued.id,
    )
    expect((await list(`import_id=${queued.id}`)).data.map((c) => c.email)).toEqual(['up1@example.com'])
  })
  test('orders that came in are attributed and everybody is scored again, without anybody asking', async () => {
    const upload = async (fields: Record<string, string>, file: string): Promise<void> => {
      const queued = (
        await manager({ method: 'POST', url: '/api/v1/customers/import', ...form(fields, file) })
      ).json<Import>()
      await runJob(ctx, queued.job_id ?? '', jobHandlers, new AbortController().signal)
    }
    const following = async (): Promise<string[]> =>
      (await ctx.pool.query<{ id: string }>(`select id from jobs where kind = 'follow_orders'`)).rows.map((j) => j.id)
    await upload({ kind: 'customers' }, 'email\nbuyer@example.com\n')
    const orders =
      'order id,email,date,sku,product,category,quantity,line total\nF1,buyer@example.com,2026-11-20,S1,Oak,Bourbon,1,30.00\n'
    await upload({ kind: 'orders' }, orders)
    const [first] = await following()
    await runJob(ctx, first ?? '', jobHandlers, new AbortController().signal)
    const { rows } = await ctx.pool.query(
      `select s.purchase_frequency, (select count(*) from analytics_events as e where e.customer_id = c.id and e.event_type = 'purchase') as purchases
       from customers as c join customer_scores as s on s.customer_id = c.id where c.email = 'buyer@example.com'`,
    )
    expect(rows).toEqual([{ purchase_frequency: 1, purchases: 1 }])
    // The same file again brings nothing new, so nothing follows.
    await upload({ kind: 'orders' }, orders)
    expect(await following()).toEqual([first])
  })
  test('a queued import can be cancelled and then does nothing', async () => {
    const queued = (
      await manager({ method: 'POST', url: '/api/v1/customers/import', ...form({}, 'email\nnever@example.com\n') })
    ).json<Import>()
    expect((await manager({ method: 'POST', url: `/api/v1/imports/${queued.id}/cancel` })).json<Import>().status).toBe(
      'cancelled',
    )
    await runJob(ctx, queued.job_id ?? '', jobHandlers, new AbortController().signal)
    expect((await list('q=never@')).total).toBe(0)
    expect((await manager({ method: 'POST', url: `/api/v1/imports/${queued.id}/cancel` })).statusCode).toBe(409)
  })
  test('a file that cannot be read fails with its reason; bad forms are refused', async () => {
    const queued = (
      await manager({ method: 'POST', url: '/api/v1/customers/import', ...form({}, 'PK\u0003\u0004rest') })
    ).json<Import>()
    await runJob(ctx, queued.job_id ?? '', jobHandlers, new AbortController().signal)
    expect((await user({ method: 'GET', url: `/api/v1/imports/${queued.id}` })).json<Import>()).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/workbook/) as string,
    })
    expect(
      (await manager({ method: 'POST', url: '/api/v1/customers/import', ...form({ mapping: '{' }, csv) })).statusCode,
    ).toBe(400)
    expect(
      (await manager({ method: 'POST', url: '/api/v1/customers/import', ...form({ kind: 'secrets' }, csv) }))
        .statusCode,
    ).toBe(400)
    expect(
      (await manager({ method: 'POST', url: '/api/v1/imports/preview', ...form({}, '') })).json<{ code: string }>()
        .code,
    ).toBe('import.empty')
    expect(
      (await manager({ method: 'POST', url: '/api/v1/customers/import', payload: { path: '/etc/hostname' } }))
        .statusCode,
    ).toBe(403)
    expect(
      (await admin({ method: 'POST', url: '/api/v1/customers/import', payload: { path: '/nowhere' } })).statusCode,
    ).toBe(404)
  })

  test('the columns of the last import are remembered: all of the same file, those of the same name of another', async () => {
    const look = async (file: string): Promise<ImportPreview> =>
      (
        await manager({ method: 'POST', url: '/api/v1/imports/preview', ...form({ kind: 'products' }, file) })
      ).json<ImportPreview>()
    const file = 'nr,what,shelf,net\nS1,Oak,Bourbon,30.00\n'
    expect(await look(file)).toMatchObject({ remembered: null })
    const mapping = { sku: 'nr', name: 'what', category: 'shelf', price: 'net' }
    const send = async (fields: Record<string, string>): Promise<Import> => {
      const queued = await manager({
        method: 'POST',
        url: '/api/v1/customers/import',
        ...form(fields, file, 'till.csv'),
      })
      await runJob(ctx, queued.json<Import>().job_id ?? '', jobHandlers, new AbortController().signal)
      return queued.json<Import>()
    }
    const fields = {
      kind: 'products',
      mapping: JSON.stringify(mapping),
      options: JSON.stringify({ date_order: 'dmy' }),
    }
    // A check teaches nothing.
    await send({ ...fields, dry_run: 'true' })
    expect(await look(file)).toMatchObject({ remembered: null })
    const done = await send(fields)
    expect(await look(file)).toMatchObject({
      mapping,
      remembered: { source: 'till.csv', by: 'manager', is_complete: true, options: { date_order: 'dmy' } },
    })
    const other = await look('what,nr,brand,net\nOak,S1,Old Oak,30.00\n')
    expect(other).toMatchObject({
      mapping: { sku: 'nr', name: 'what', brand: 'brand', price: 'net' },
      remembered: { is_complete: false },
    })
    expect(other.remembered?.fields.toSorted()).toEqual(['name', 'price', 'sku'])
    // Columns of an import that was taken back may have been the reason for it.
    await ctx.pool.query('update imports set undone_at = now() where id = $1', [done.id])
    expect(await look(file)).toMatchObject({ remembered: null })
  })
  test('past imports are listed with who started them, without checks when asked so', async () => {
    const list = async (query: string): Promise<Import[]> =>
      (await user({ method: 'GET', url: `/api/v1/imports?${query}` })).json<{ data: Import[] }>().data
    const checks = await list('dry_run=true')
    expect(checks.length).toBeGreaterThan(0)
    expect(checks.every((i) => i.dry_run)).toBe(true)
    const real = await list('dry_run=false&kind=products')
    expect(real).toMatchObject([{ kind: 'products', created_by_name: 'manager', status: 'succeeded' }])
    expect(await list('status=undone')).toMatchObject([{ id: real[0]!.id }])
    expect(await list('status=succeeded&kind=products&dry_run=false')).toEqual([])
  })
  test('after the preview of a large file its connection takes the next request', async () => {
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const login = await app.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      payload: { email: 'manager@shop.test', password: 'a long test password' },
    })
    const token = login.json<{ access_token: string }>().access_token
    const ask = (method: string, path: string, headers: object = {}, payload?: Buffer): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const asked = request(
          { port, method, path, agent, timeout: 5000, headers: { authorization: `Bearer ${token}`, ...headers } },
          (answer) => answer.resume().on('end', () => resolve(answer.statusCode)),
        )
        asked.on('timeout', () => asked.destroy(new Error(`${path} got no answer`)))
        asked.on('error', reject)
        asked.end(payload)
      })
    for (const [file, status] of [
      ['email\n' + 'a@x.test\n'.repeat(100_000), 200],
      ['PK\u0003\u0004' + 'x'.repeat(900_000), 400],
    ] as const) {
      const { payload, headers } = form({ kind: 'customers' }, file)
      const length = { 'content-length': payload.length }
      expect(await ask('POST', '/api/v1/imports/preview', { ...headers, ...length }, payload)).toBe(status)
      expect(await ask('GET', '/health')).toBe(200)
    }
    agent.destroy()
  })
})
