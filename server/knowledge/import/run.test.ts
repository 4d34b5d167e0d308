import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createFolder } from '#server/adapters/files-folder.ts'
import { systemActor } from '#server/audit.ts'
import { readConfig } from '#server/config.ts'
import type { Ctx } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { freshDatabase } from '#test/db.ts'
import { addressHash } from '../../suppression.ts'
import type { ImportRequest, ImportResult } from './request.ts'
import { runImport } from './run.ts'

const database = await freshDatabase()
const config = readConfig({
  LMA_DATA: mkdtempSync(path.join(tmpdir(), 'lma-import-')),
  LMA_SECRET: 'a secret that only tests use, 32+ characters',
})
// An import needs no channels, queue or bus.
const ctx: Pick<Ctx, 'config' | 'pool' | 'log' | 'clock' | 'files'> = {
  config,
  files: createFolder(config.dataDir),
  pool: database.pool,
  log: createLog('silent'),
  clock: () => new Date('2026-11-23T18:00:00Z'),
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
function run(
  kind: ImportRequest['kind'],
  content: string | Buffer,
  more: Partial<ImportRequest> = {},
): Promise<ImportResult> {
  return runImport(ctx as Ctx, {
    kind,
    source: 'test.csv',
    stream: once(Buffer.from(content)),
    actor: systemActor,
    ...more,
  })
}
const counts = (r: ImportResult) => [r.rows_new, r.rows_changed, r.rows_same, r.rows_duplicate, r.rows_rejected]
async function all<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
  return (await ctx.pool.query<T>(sql, values)).rows
}
const rejects = (r: ImportResult): string[] =>
  r.rejects_path ? readFileSync(r.rejects_path, 'utf8').trim().split('\r\n').slice(1) : []
async function fingerprint(): Promise<string> {
  const parts = await Promise.all(
    ['customers', 'consents', 'orders', 'order_items', 'products'].map((t) =>
      all<{ x: string }>(`select coalesce(string_agg(t::text, '|' order by t.id), '') as x from ${t} as t`),
    ),
  )
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

beforeEach(async () => {
  await ctx.pool.query(
    'truncate customers, consents, suppressions, orders, order_items, products, stores, imports cascade',
  )
})

describe('customers', () => {
  const file = `id,email,phone,name,dob,state,zip,email opt in,opt in source,opt in date
1,ann@example.com,(212) 736-5000,Ann Doe,1984-05-06,New York,10001,yes,till,2024-01-02
2,bob@example.com,,"Bob ""B"" Bee",,TX,73301,no,,
3,,(305) 234-5678,Cy,2010-01-01,,,,,
4,,,Loyal Only,,,,,,
`
  test('good rows arrive with consent, proof, age and zones', async () => {
    expect(counts(await run('customers', file))).toEqual([4, 0, 0, 0, 0])
    expect(
      await all(
        'select external_id, email, phone, name, age_status, email_consent, state, time_zones from customers order by external_id',
      ),
    ).toEqual([
      {
        external_id: '1',
        email: 'ann@example.com',
        phone: '+12127365000',
        name: 'Ann Doe',
        age_status: 'dob_verified',
        email_consent: 'granted',
        state: 'NY',
        time_zones: ['America/New_York'],
      },
      {
        external_id: '2',
        email: 'bob@example.com',
        phone: null,
        name: 'Bob "B" Bee',
        age_status: 'unknown',
        email_consent: 'denied',
        state: 'TX',
        time_zones: ['America/Chicago', 'America/Denver'],
      },
      {
        external_id: '3',
        email: null,
        phone: '+13052345678',
        name: 'Cy',
        age_status: 'under_age',
        email_consent: 'unknown',
        state: null,
        time_zones: ['America/New_York'],
      },
      {
        external_id: '4',
        email: null,
        phone: null,
        name: 'Loyal Only',
        age_status: 'unknown',
        email_consent: 'unknown',
        state: null,
        time_zones: [],
      },
    ])
    expect(
      await all(`select status, source, given_at from consents where channel = 'email' order by status`),
    ).toMatchObject([
      { status: 'denied', source: 'import' },
      { status: 'granted', source: 'till', given_at: new Date('2024-01-02T05:00:00Z') },
    ])
  })
  test('the same file twice changes nothing', async () => {
    await run('customers', file)
    const before = await fingerprint()
    expect(counts(await run('customers', file))).toEqual([0, 0, 4, 0, 0])
    expect(await fingerprint()).toBe(before)
  })
  test('a changed cell changes its row, a blank cell erases nothing', async () => {
    await run('customers', file)
    expect(counts(await run('customers', 'id,email,name,zip\n1,ann@new.example,,10002\n2,,,\n'))).toEqual([
      0, 1, 1, 0, 0,
    ])
    expect(await all(`select email, name, zip from customers where external_id = '1'`)).toEqual([
      { email: 'ann@new.example', name: 'Ann Doe', zip: '10002' },
    ])
  })
  test('a dry run counts the same and keeps nothing', async () => {
    const before = await fingerprint()
    expect(counts(await run('customers', file, { dryRun: true }))).toEqual([4, 0, 0, 0, 0])
    expect(await fingerprint()).toBe(before)
    expect(await all('select status, dry_run, rows_new from imports')).toEqual([
      { status: 'succeeded', dry_run: true, rows_new: 4 },
    ])
  })
  test('rows of the same customer in one file: the last wins and is counted once', async () => {
    const result = await run(
      'customers',
      'id,email,phone,name\n1,a@example.com,,First\n,A@Example.com,2127365000,Second\n1,,,Third\n,b@example.com,,B\n',
    )
    expect(counts(result)).toEqual([2, 0, 0, 2, 0])
    expect(await all(`select external_id, name from customers order by name`)).toEqual([
      { external_id: null, name: 'B' },
      { external_id: '1', name: 'Third' },
    ])
  })
  test('keys that point to different customers refuse the row', async () => {
    await run('customers', 'id,email,phone\n1,a@example.com,2127365000\n2,b@example.com,2127365001\n')
    const result = await run(
      'customers',
      'id,email,phone\n1,b@example.com,\n9,a@example.com,\n,c@example.com,2127365000\n5,e@example.com,\n6,e@example.com,\n',
    )
    expect(counts(result)).toEqual([1, 0, 0, 0, 4])
    expect(rejects(result).map((l) => l.split(',')[0])).toEqual(['2', '3', '4', '6'])
  })
  test('a number that two stored customers would get goes to the first, and the other row is refused', async () => {
    await run('customers', 'email,name\ne@x.test,Eve\nd@x.test,Dan\n')
    const second = await run('customers', 'customer id,email,name\nA,e@x.test,\nA,d@x.test,Daniel\n')
    expect(counts(second)).toEqual([0, 1, 0, 0, 1])
    expect(rejects(second)[0]).toMatch(/^3,.*Line 2, of another customer, has the same value\./)
    expect(await all('select external_id, email, name from customers order by 1')).toEqual([
      { external_id: 'A', email: 'e@x.test', name: 'Eve' },
      { external_id: null, email: 'd@x.test', name: 'Dan' },
    ])
  })

  test('a deleted customer does not come back by import', async () => {
    await run('customers', file)
    await ctx.pool.query(`update customers set deleted_at = now() where external_id = '1'`)
    expect(counts(await run('customers', file))).toEqual([0, 0, 3, 0, 1])
  })
  test('nobody is subscribed again by a file', async () => {
    await run('customers', file)
    await ctx.pool.query(
      `insert into suppressions (channel, address_hash, reason) values ('email', $1, 'unsubscribe')`,
      [addressHash(config, 'email', 'New@Example.com')],
    )
    const yes =
      'id,email,email opt in,opt in source,opt in date\n2,bob@example.com,yes,list,2026-01-01\n7,new@example.com,yes,list,2026-01-01\n'
    const result = await run('customers', yes)
    expect(
      await all(`select external_id, email_consent from customers where external_id in ('2', '7') order by 1`),
    ).toEqual([
      { external_id: '2', email_consent: 'denied' },
      { external_id: '7', email_consent: 'denied' },
    ])
    expect(result.summary.notes).toMatchObject([{ count: 2, reason: expect.stringMatching(/does not undo/) as string }])
    expect(await all(`select 1 from consents where source = 'list'`)).toEqual([])
  })
  test('a no in the file wins over a stored yes, once', async () => {
    await run('customers', file)
    const no = 'id,email opt in\n1,no\n'
    expect(counts(await run('customers', no))).toEqual([0, 1, 0, 0, 0])
    expect(counts(await run('customers', no))).toEqual([0, 0, 1, 0, 0])
    expect(
      await all(
        `select k.status from consents as k join customers as c on c.id = k.customer_id where c.external_id = '1' order by k.given_at desc`,
      ),
    ).toEqual([{ status: 'denied' }, { status: 'granted' }])
  })
})

describe('bad files', () => {
  test('good rows are in; bad rows are listed with line, column, reason and the row itself', async () => {
    const result = await run(
      'customers',
      `email,phone,name,dob,notes
good@example.com,,Good,1980-01-01,
bad@,,Bad,1980-01-01,=cmd()
,,Nobody,,
a@example.com,,A,2024-02-30,
b@example.com,911,"two
lines",,
c@example.com,,C,,x,extra
good2@example.com,(212) 736-5000,=1+1,,
`,
    )
    expect(counts(result)).toEqual([2, 0, 0, 0, 5])
    expect(result.rows_read).toBe(7)
    const lines = rejects(result)
    expect(lines[0]).toBe(`3,email,This is not an email address like name@example.com.,bad@,,Bad,1980-01-01,'=cmd()`)
    expect(lines.map((l) => l.split(',').slice(0, 2).join())).toEqual([
      '3,email',
      '4,email',
      '5,dob',
      expect.stringMatching(/^6,phone/),
      '8,',
    ])
    expect(result.summary.reasons?.reduce((n, r) => n + r.count, 0)).toBe(5)
  })
  test('a corrected rejects file can be imported as it is', async () => {
    const first = await run('customers', 'email,name\nbad@,-Ann\n')
    const fixed = readFileSync(first.rejects_path ?? '', 'utf8').replace('bad@', 'fine@example.com')
    expect(counts(await run('customers', fixed))).toEqual([1, 0, 0, 0, 0])
    expect(await all('select name from customers')).toEqual([{ name: '-Ann' }])
  })
  test.each([
    ['empty', '', 'import.empty'],
    ['binary', Buffer.from('email\n\0\u0001'), 'import.binary'],
    ['a line without end', 'email\n' + 'x'.repeat(3_000_000), 'import.line_too_long'],
    ['a gzip bomb', gzipSync('email\n' + 'a@b.co\n'.repeat(9_000_000)), 'import.gzip_bomb'],
    ['a table about something else', 'colour,shape\nred,round\n', 'import.mapping'],
  ])('%s is refused, keeps nothing and leaves a failed import', async (_, content, code) => {
    await expect(run('customers', content)).rejects.toMatchObject({ code })
    expect(await all('select status from imports')).toEqual([{ status: 'failed' }])
    expect(await all('select id from customers')).toEqual([])
    // the connection is clean again
    expect(counts(await run('customers', 'email\nok@example.com\n'))).toEqual([1, 0, 0, 0, 0])
  })
  test('header only: nothing read, nothing wrong', async () =>
    expect(counts(await run('customers', 'email,name\n'))).toEqual([0, 0, 0, 0, 0]))
  test.each([
    ['Latin-1', Buffer.from('email,name\nz@example.com,Zoë\n', 'latin1')],
    ['UTF-8 with mark', Buffer.from('\uFEFFemail,name\nz@example.com,Zoë\n')],
    ['UTF-16', Buffer.from('\uFEFFemail\tname\nz@example.com\tZoë\n', 'utf16le')],
    ['gzip', gzipSync('email,name\nz@example.com,Zoë\n')],
    ['JSON', Buffer.from('[{"email":"z@example.com","name":"Zoë"}]')],
    ['JSON lines', Buffer.from('{"email":"z@example.com","name":"Zoë"}\n')],
  ])('%s gives the right name', async (_, bytes) => {
    expect(counts(await run('customers', bytes))).toEqual([1, 0, 0, 0, 0])
    expect(await all('select name from customers')).toEqual([{ name: 'Zoë' }])
  })
  test('hostile text is data', async () => {
    const name = `'); drop table customers; -- \\ \t x`
    await run('customers', `email,name,tags\nz@example.com,"${name}","{a""b},\\N,c\\"\n`)
    expect(await all('select name, tags from customers')).toEqual([
      { name: `'); drop table customers; -- \\ x`, tags: ['\\n', 'c\\', '{a"b}'] },
    ])
  })
  test('a stopped import keeps nothing', async () => {
    const stop = new AbortController()
    async function* slow(): AsyncGenerator<Buffer> {
      yield Buffer.from('email\n')
      for (let i = 0; i < 200; i++) {
        if (i === 50) stop.abort()
        yield Buffer.from(Array.from({ length: 1000 }, (_, k) => `u${i}x${k}@example.com\n`).join(''))
      }
    }
    await expect(run('customers', '', { stream: slow(), signal: stop.signal })).rejects.toMatchObject({
      code: 'import.cancelled',
    })
    expect(await all('select status from imports')).toEqual([{ status: 'cancelled' }])
    expect(await all('select id from customers')).toEqual([])
  })

  test('a stop that reaches the database late does not hit the statement of somebody else', async () => {
    const query = ctx.pool.query.bind(ctx.pool)
    const othersRun = Promise.withResolvers<void>()
    let asked: Promise<unknown> | undefined
    const late = vi.spyOn(ctx.pool, 'query').mockImplementation((async (text: string, values: unknown[]) => {
      if (typeof text !== 'string' || !text.includes('pg_cancel_backend')) return query(text, values)
      return (asked = othersRun.promise.then(async () => query(text, values)))
    }) as never)
    onTestFinished(() => late.mockRestore())
    const stop = new AbortController()
    async function* stopped(): AsyncGenerator<Buffer> {
      yield Buffer.from('email\nann@example.com\n')
      stop.abort()
    }
    await expect(run('customers', '', { stream: stopped(), signal: stop.signal })).rejects.toMatchObject({
      code: 'import.cancelled',
    })
    // All but one of the connections the pool may have: the one of the import would be among them.
    const others = Array.from({ length: 7 }, async () => query('select pg_sleep(1)'))
    await sleep(200)
    othersRun.resolve()
    expect(await asked).toBeDefined()
    expect(await Promise.allSettled(others)).toEqual(others.map(() => expect.objectContaining({ status: 'fulfilled' })))
  })
})

describe('orders', () => {
  const items = `order_id,date,customer_id,product_id,category,quantity,line_total,coupon_disc
o1,2024-01-02 10:00,c1,p1,Bourbon,1,20.00,0
o1,2024-01-02 10:00,c1,p1,Bourbon,2,40.00,1.50
o1,2024-01-02 10:00,c1,p2,BEERS/ALES,6,12.00,0
o2,2024-01-03 11:00,c2,p2,BEERS/ALES,1,2.00,0
`
  test('lines of one order and product are summed; customers and products are made', async () => {
    const result = await run('orders', items, { createCustomers: true })
    expect(counts(result)).toEqual([4, 0, 0, 0, 0])
    expect(result.summary.also).toMatchObject({ orders_new: 2, customers_created: 2, products_created: 2 })
    expect(
      await all(
        `select o.external_id, o.total_cents, o.discount_cents, c.external_id as customer from orders as o join customers as c on c.id = o.customer_id order by 1`,
      ),
    ).toEqual([
      { external_id: 'o1', total_cents: 7200, discount_cents: 150, customer: 'c1' },
      { external_id: 'o2', total_cents: 200, discount_cents: 0, customer: 'c2' },
    ])
    expect(await all('select sku, department, price_cents from products order by sku')).toEqual([
      { sku: 'p1', department: 'spirits', price_cents: 2000 },
      { sku: 'p2', department: 'beer', price_cents: 200 },
    ])
  })
  test('the same file twice changes nothing, a corrected line replaces its item', async () => {
    await run('orders', items, { createCustomers: true })
    const before = await fingerprint()
    expect(counts(await run('orders', items))).toEqual([0, 0, 4, 0, 0])
    expect(await fingerprint()).toBe(before)
    const fix =
      'order_id,date,customer_id,product_id,category,quantity,line_total\no1,2024-01-02 10:00,c1,p2,BEERS/ALES,6,13.00\n'
    expect(counts(await run('orders', fix))).toEqual([0, 1, 0, 0, 0])
    expect(counts(await run('orders', fix))).toEqual([0, 0, 1, 0, 0])
    expect(await all(`select total_cents from orders where external_id = 'o1'`)).toEqual([{ total_cents: 7300 }])
  })
  test('an unknown customer refuses the order unless it may be created', async () => {
    const result = await run('orders', items)
    expect(counts(result)).toEqual([0, 0, 0, 0, 4])
    expect(result.summary.reasons).toMatchObject([{ column: 'customer_id', count: 4 }])
    expect(await all('select id from products')).toEqual([])
  })
  test('whole orders by e-mail: the last line of an order wins', async () => {
    await run('customers', 'email\nann@example.com\n')
    const result = await run(
      'orders',
      'order number,order date,email,total\n1,2024-01-01,ANN@example.com,10\n1,2024-01-01,ann@example.com,$1,011.50\n'.replace(
        '$1,011.50',
        '"$1,011.50"',
      ),
    )
    expect(counts(result)).toEqual([1, 0, 0, 1, 0])
    expect(await all('select total_cents, ordered_at from orders')).toEqual([
      { total_cents: 101150, ordered_at: new Date('2024-01-01T05:00:00Z') },
    ])
  })
  test('one order of two customers: the first line decides', async () => {
    const result = await run(
      'orders',
      'order_id,date,customer_id,product_id,line_total\no1,2024-01-01,a,p,1\no1,2024-01-01,b,q,1\n',
      { createCustomers: true },
    )
    expect(counts(result)).toEqual([1, 0, 0, 0, 1])
  })
  const sample = '/work/shared/data/complete-journey/transactions_sample.csv.gz'
  test.skipIf(!existsSync(sample))(
    '75,000 lines of Complete Journey: all in, nothing twice',
    async () => {
      const first = await run('orders', '', { path: sample, stream: undefined as never, createCustomers: true })
      expect(counts(first)).toEqual([75_000, 0, 0, 0, 0])
      expect(first.summary.also).toMatchObject({ orders_new: 47_243, customers_created: 2377 })
      expect(counts(await run('orders', '', { path: sample, stream: undefined as never }))).toEqual([
        0, 0, 75_000, 0, 0,
      ])
      expect(
        await all(
          `select count(*) as n from order_items as i join products as p on p.id = i.product_id where p.department <> 'other'`,
        ),
      ).toMatchObject([{ n: expect.toSatisfy((n: number) => n > 750 && n < 900) as number }])
    },
    120_000,
  )
})

describe('products', () => {
  test('in, same, changed, duplicate and refused', async () => {
    const file =
      'sku,name,category,price,stock\n1,Old Oak,Bourbon,29.99,5\n2,Blue,Chardonnay,12,\n2,Blue Two,Chardonnay,12,\n3,No Price,IPA,,\n'
    expect(counts(await run('products', file))).toEqual([2, 0, 0, 1, 1])
    expect(counts(await run('products', file))).toEqual([0, 0, 2, 1, 1])
    expect(counts(await run('products', 'sku,name,price\n1,Old Oak,31\n'))).toEqual([0, 1, 0, 0, 0])
    expect(await all('select sku, name, department, price_cents from products order by sku')).toEqual([
      { sku: '1', name: 'Old Oak', department: 'spirits', price_cents: 3100 },
      { sku: '2', name: 'Blue Two', department: 'wine', price_cents: 1200 },
    ])
  })
})
