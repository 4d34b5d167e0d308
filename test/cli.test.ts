import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { freshDatabase } from './db.ts'
import { startCli, type Ran } from './run-cli.ts'
import { startLlmSim } from '#sim/llm.ts'

const database = await freshDatabase()
const folder = mkdtempSync(path.join(tmpdir(), 'lma-cli-'))
const env = { DATABASE_URL: database.url, LMA_DATA: folder, LMA_DEMO: 'off', NO_COLOR: '1' }
const run = (...args: string[]): Promise<Ran> => startCli(args, env).done
const file = (name: string, text: string): string => {
  const full = path.join(folder, name)
  writeFileSync(full, text)
  return full
}
const json = (ran: Ran): Record<string, never> => JSON.parse(ran.out) as Record<string, never>

test('what cannot be done is one plain sentence and an exit code of its own', async () => {
  const cases: [string[], number, RegExp][] = [
    [['plan'], 1, /no customers in segments yet/],
    [['plan', '--week', '2026-13-45'], 2, /not a date/],
    [['actions', '--limit', 'x'], 2, /whole number/],
    [['send'], 4, /no draft plan/],
    [['import', 'people', 'x.csv'], 2, /choose customers, orders, products, consents or suppressions/],
    [['import', 'customers', path.join(folder, 'absent.csv')], 4, /cannot be read/],
    [['send', '--plan', path.join(folder, 'absent.json')], 4, /is not there/],
    [['export', 'secrets'], 2, /choose customers, sends, campaigns/],
    [['frobnicate'], 2, /unknown command/],
  ]
  for (const [args, code, sentence] of cases) {
    const ran = await run(...args)
    expect(ran.err, args.join(' ')).toMatch(sentence)
    expect(ran.err, args.join(' ')).not.toMatch(/\n\s+at /)
    expect(ran.code, args.join(' ')).toBe(code)
    expect(ran.out, args.join(' ')).toBe('')
  }
  expect(json(await run('plan', '--json'))).toMatchObject({ schema: 'liquor-agent/error@1' })
})

test('an absent database is named with the cure, and worth a retry', async () => {
  const ran = await startCli(['status'], { ...env, DATABASE_URL: 'postgres://nobody:secret-word@127.0.0.1:1/none' })
    .done
  expect(ran.code).toBe(3)
  expect(ran.err).toMatch(/No PostgreSQL answers at 127\.0\.0\.1:1 .*correct DATABASE_URL/)
  expect(ran.err).not.toContain('secret-word')
})

test('a shop goes from files to a sent week through the verbs, piped through files, and nothing leaves without --live', async () => {
  const days = (n: number): string => new Date(Date.now() - n * 86_400_000).toISOString().slice(0, 10)
  const people = Array.from(
    { length: 60 },
    (_, i) => `P${i},p${i}@example.com,Pat,TX,75201,yes,yes,till form,2025-01-01`,
  )
  const customers = file(
    'customers.csv',
    [
      'nr,Mail,first name,state,zip,age verified,accepts email marketing,consent source,consent date',
      ...people,
      'P99,not-an-address,Pat,TX,75201,yes,yes,till form,2025-01-01',
    ].join('\n'),
  )
  const orders = file(
    'orders.csv',
    [
      'order id,customer id,date,sku,product,category,quantity,line total',
      ...people.flatMap((_, i) =>
        Array.from(
          { length: 1 + (i % 6) },
          (_x, k) => `O${i}-${k},P${i},${days(3 + i + k * 21)},S${i % 4},Bottle ${i % 4},Bourbon,1,${20 + i}.50`,
        ),
      ),
    ].join('\n'),
  )
  const map = ['--map', 'external_id=nr', '--map', 'email=Mail']
  const dry = await run('import', 'customers', customers, ...map, '--dry-run', '--json')
  expect(json(dry)).toMatchObject({ rows_read: 61, rows_new: 60, rows_rejected: 1 })
  expect((await database.pool.query('select 1 from customers')).rowCount).toBe(0)

  const imported = await run('import', 'customers', customers, ...map, '--json')
  expect(imported.code).toBe(5)
  expect(json(imported)).toMatchObject({ rows_new: 60, rows_rejected: 1 })
  expect(readFileSync(json(imported)['rejects_path']!, 'utf8')).toContain('not-an-address')
  expect((await run('import', 'orders', orders)).code).toBe(0)
  expect(json(await run('import', 'orders', orders, '--json'))).toMatchObject({ rows_new: 0, rows_changed: 0 })
  expect(json(await run('score', '--json'))).toMatchObject({ customers: 60 })

  await database.pool.query(
    `insert into stores (name, legal_name, address, city, state, zip, time_zone) values ('Elm', 'Elm LLC', '1 Elm', 'Dallas', 'TX', '75201', 'America/Chicago')`,
  )
  await database.pool.query(`insert into offers (key, title, kind) values ('picks', 'Weekend picks', 'content')`)
  const none = await run('send', '--live')
  expect(none.code).toBe(4)
  const proposed = await run('actions', '--limit', '30', '--json')
  expect(json(proposed)['actions']).toHaveLength(30)
  expect(proposed.out).not.toContain('@example.com')
  const plan = await run('plan', '--from', file('actions.json', proposed.out), '--json')
  expect(plan.err).toBe('')
  expect(plan.code).toBe(0)
  const planFile = file('plan.json', plan.out)

  const preview = await run('send', '--plan', planFile)
  expect(preview.code).toBe(0)
  expect(preview.out).toContain('Nothing was sent')
  expect((await database.pool.query('select 1 from sends')).rowCount).toBe(0)

  const sent = await run('send', '--plan', planFile, '--live', '--json')
  expect([0, 6], sent.err).toContain(sent.code)
  const { rows } = await database.pool.query<{ people: number }>(
    'select count(distinct customer_id) as people from sends',
  )
  expect(rows[0]!.people).toBeGreaterThan(0)
  expect(rows[0]!.people).toBeLessThanOrEqual(30)
  expect(json(await run('status', '--json'))).toMatchObject({ customers: 60, scored: 60 })
  const exported = await run('export', 'customers')
  expect(exported.out.trim().split('\r\n')).toHaveLength(61)
})

test('a plan by a language model says who made it and what it cost; without one it says why not', async () => {
  const sim = await startLlmSim()
  const ask = (model: string) =>
    startCli(['plan', '--engine', 'llm', '--json'], { ...env, OPENAI_BASE_URL: sim.url, OPENAI_MODEL: model }).done
  const good = await ask('good')
  expect(good.code).toBe(0)
  expect(good.err).toContain('The language model plans')
  expect(json(good)['plan']).toMatchObject({ engine: 'llm', llm: { model: 'good', rounds: 1 } })
  const refused = await ask('refusing')
  expect(refused.code).toBe(0)
  expect(json(refused)['plan']).toMatchObject({
    engine: 'heuristic',
    fallback_reason: expect.stringContaining('refused'),
  })
  await sim.close()
  const none = await run('plan', '--engine', 'llm')
  expect(none.out).toContain('No language model is set up')
}, 120_000)

test('a user is created with a password from stdin, once', async () => {
  const create = (password: string): Promise<Ran> => startCli(['user', 'create', 'Ada@example.com'], env, password).done
  expect((await create('short')).code).toBe(2)
  expect(await create('a long enough password\n')).toMatchObject({ code: 0, out: 'Created admin ada@example.com.\n' })
  expect((await create('a long enough password\n')).err).toMatch(/already a user/)
})

test('keys of programs are made, listed, given quotas and ended; the secret is printed once', async () => {
  const made = await run('api-key', 'create', 'Till', '--scope', 'orders:write', 'customers:read', '--per-minute', '30')
  expect(made.code, made.err).toBe(0)
  const secret = /^lma_\w{8}_\S{43}$/m.exec(made.out)![0]
  const key = secret.slice(0, 12)
  type Listed = { keys: Record<string, unknown>[] }
  const listed = async (): Promise<string> => JSON.stringify(json(await run('api-key', 'list', '--json')))
  expect((JSON.parse(await listed()) as Listed).keys).toMatchObject([
    { name: 'Till', prefix: key, quota_per_minute: 30, quota_per_day: null, used_today: 0, state: 'active' },
  ])
  expect(await listed()).not.toContain(secret)
  expect((await run('api-key', 'quota', key, '--per-day', '5000')).out).toMatch(/30 requests a minute, 5000 a day/)
  expect((await run('api-key', 'quota', key, '--no-per-day', '--per-minute', '60')).out).toMatch(/60 .* no limit a day/)
  expect((await run('api-key', 'list')).out).toMatch(new RegExp(`${key} +Till +active +60 +no limit +0`))
  for (const [args, code, sentence] of [
    [['quota', key], 2, /--per-minute N/],
    [['quota', key, '--per-minute', '60001'], 2, /At most 60,000/],
    [['quota', 'lma_nobodyxx', '--per-minute', '5'], 4, /No key has this id/],
    [['create', 'X', '--scope', 'everything'], 2, /scopes/],
    [['create', 'X'], 2, /--scope/],
  ] as [string[], number, RegExp][]) {
    const ran = await run('api-key', ...args)
    expect(ran.err, args.join(' ')).toMatch(sentence)
    expect(ran.code, args.join(' ')).toBe(code)
  }
  expect((await run('api-key', 'revoke', key)).code).toBe(0)
  expect(await listed()).toContain('"state":"revoked"')
})

test('an import is taken back from the command line, once', async () => {
  const people = file('mistake.csv', 'customer id,email\nX1,x1@example.com\nX2,x2@example.com\n')
  const id = String(json(await run('import', 'customers', people, '--json'))['import_id'])
  expect(json(await run('undo-import', id, '--json'))).toMatchObject({ import_id: id, removed: 2, kept_added: 0 })
  const again = await run('undo-import', id)
  expect([again.code, again.err]).toEqual([1, expect.stringMatching(/undone already/)])
  expect((await run('undo-import', 'yesterday')).code).toBe(2)
})
