import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { testContext } from '#test/context.ts'
import { testApp } from '#test/app.ts'
import { systemActor } from './audit.ts'
import { addProvider } from './delivery/providers.ts'
import { openProvider, readProviders } from './channel-providers.ts'
import { countKeys, rotateKeys } from './key-rotation.ts'
import { llmEndpoint, readLlm } from './llm-settings.ts'
import { secretColumns, secretsOf } from './secret-places.ts'
import { decryptSecret, type EncryptionKey } from './secrets.ts'
import { beginSecondFactor } from './accounts/second-factor.ts'

const { ctx, as } = await testApp()
const key = (id: string): EncryptionKey => ({ id, key: randomBytes(32) })
const withKeys = (...encryptionKeys: EncryptionKey[]) => ({ ...ctx, config: { ...ctx.config, encryptionKeys } })

/** One secret in every place, written through the product. */
async function writeSecrets(): Promise<void> {
  const admin = as('admin')
  const ok = async (method: 'POST' | 'PATCH', url: string, payload: object): Promise<{ id: string }> => {
    const answer = await admin({ method, url: `/api/v1${url}`, payload })
    expect(answer.statusCode, answer.body).toBeLessThan(300)
    return answer.json()
  }
  await addProvider(ctx, systemActor, {
    kind: 'smtp',
    name: 'Relay',
    config: { host: 'smtp.example.com', user: 'u' },
    secrets: { password: 'seeded-smtp-password', webhook_password: 'seeded-hook-password' },
    weight: 1,
    is_active: true,
    rate_per_minute: null,
    slots: null,
  })
  await ok('PATCH', '/settings/llm', { base_url: 'https://llm.example.com/v1', api_key: 'seeded-llm-key' })
  await ok('POST', '/webhooks', { name: 'ERP', url: 'https://erp.example.com/hook', events: ['campaign.started'] })
  await ok('POST', '/webhooks', {
    kind: 'slack',
    name: 'Room',
    url: 'https://hooks.chat.example.com/services/T1/B1/seeded',
    events: ['campaign.started'],
  })
  const till = await ok('POST', '/integrations', {
    kind: 'woocommerce',
    name: 'Web shop',
    secret: 'seeded-till-secret-1',
  })
  await ok('PATCH', `/integrations/${till.id}`, { secret: 'seeded-till-secret-2' })
  const { rows } = await ctx.pool.query<{ id: string }>(`select id from users where role = 'manager'`)
  await beginSecondFactor(ctx, rows[0]!.id)
}
const openAll = async (config: Parameters<typeof decryptSecret>[0]): Promise<string[]> => {
  const all: string[] = []
  for await (const s of secretsOf(ctx.pool)) all.push(`${s.place} ${decryptSecret(config, s.context, s.stored)}`)
  return all
}

test('every column that holds a secret is on the list', async () => {
  const { rows } = await ctx.pool.query<{ name: string }>(
    `select c.relname || '.' || a.attname as name from pg_class as c join pg_attribute as a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname ~ '(_enc|^secrets?)$' and not a.attisdropped`,
  )
  expect(rows.length).toBeGreaterThan(5)
  expect(rows.map((r) => r.name).filter((name) => !secretColumns.includes(name))).toEqual([])
})

test('keys are changed while the shop runs: cut off in the middle, repeated, and the old key is needed no more', async () => {
  await writeSecrets()
  const before = await openAll(ctx.config)
  expect(new Set(before.map((s) => s.split(' ')[0])).size).toBeGreaterThanOrEqual(6)
  const [first, second] = [key('k1'), key('k2')]

  // From the derived key to one of their own.
  const named = withKeys(first)
  expect(await rotateKeys(named, systemActor)).toMatchObject({ current: 'k1', changed: before.length, unreadable: [] })
  expect(await openAll(named.config)).toEqual(before)

  // Dies after three of them.
  const changing = withKeys(second, first)
  let writes = 0
  const dying = {
    ...changing,
    pool: new Proxy(ctx.pool, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown
        if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value
        return (...args: [string]) => {
          if (args[0].trimStart().startsWith('update') && ++writes > 3) throw new Error('killed')
          return (value as (...a: unknown[]) => unknown).apply(target, args)
        }
      },
    }),
  }
  await expect(rotateKeys(dying, systemActor)).rejects.toThrow('killed')
  expect(await countKeys(ctx)).toEqual({ k1: before.length - 3, k2: 3 })
  // Half and half, everything can be read and used.
  expect(await openAll(changing.config)).toEqual(before)
  const [provider] = await readProviders(ctx.pool)
  expect(openProvider(changing.config, provider!)).toMatchObject({ password: 'seeded-smtp-password' })

  expect(await rotateKeys(changing, systemActor)).toMatchObject({ changed: before.length - 3, kept: 3 })
  expect(await countKeys(ctx)).toEqual({ k2: before.length })
  const alone = withKeys(second)
  expect(await openAll(alone.config)).toEqual(before)
  expect(
    llmEndpoint({ ...alone.config, openai: { apiKey: null, baseUrl: null, model: null } }, await readLlm(ctx.pool)),
  ).toMatchObject({ apiKey: 'seeded-llm-key' })
  expect((await rotateKeys(alone, systemActor)).changed).toBe(0)

  // Without it nothing opens, and the sentence says which key is missing.
  const lost = await rotateKeys(withKeys(key('k3')), systemActor)
  expect(lost).toMatchObject({ changed: 0, kept: 0 })
  expect(lost.unreadable).toHaveLength(before.length)
  await expect(openAll(ctx.config)).rejects.toThrow('needs the key “k2”')
})

test('a secret that is changed while keys are is not overwritten with the old one', async () => {
  const other = await testContext()
  await addProvider(other, systemActor, {
    kind: 'resend',
    name: 'Resend',
    config: {},
    secrets: { api_key: 'old' },
    weight: 1,
    is_active: true,
    rate_per_minute: null,
    slots: null,
  })
  for await (const secret of secretsOf(other.pool)) {
    await other.pool.query(`update channel_providers set secrets = '{"api_key": "written meanwhile"}'`)
    expect(await secret.swap(other.pool, 'late')).toBe(false)
  }
  const { rows } = await other.pool.query(`select secrets from channel_providers`)
  expect(rows).toEqual([{ secrets: { api_key: 'written meanwhile' } }])
})

test('a dump of the database holds no secret in the clear, nor does the trail', async () => {
  const { rows: tables } = await ctx.pool.query<{ name: string }>(
    `select c.relname as name from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'`,
  )
  let dump = ''
  for (const { name } of tables) {
    const { rows } = await ctx.pool.query<{ row: string }>(`select t::text as row from "${name}" as t`)
    dump += rows.map((r) => r.row).join('\n')
  }
  expect(dump).toContain('smtp.example.com')
  for (const word of [
    'seeded-smtp-password',
    'seeded-hook-password',
    'seeded-llm-key',
    'seeded-till-secret',
    'a long test password',
    ctx.config.secret,
  ]) {
    expect(dump.includes(word), word).toBe(false)
    expect(dump.includes(Buffer.from(word).toString('hex')), word).toBe(false)
    expect(dump.includes(Buffer.from(word).toString('base64').replace(/=+$/, '')), word).toBe(false)
  }
})
