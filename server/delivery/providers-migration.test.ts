import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, expect, inject, test } from 'vitest'
import { migrate, readMigrations } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { openProvider, readProviders } from '../channel-providers.ts'
import { readChannels } from '../channel-settings.ts'
import { encryptSecret } from '../secrets.ts'

const secret = 'a secret that only tests use, 32+ characters'
const admin = inject('postgresUrl')
const name = `test_${randomBytes(6).toString('hex')}`
const command = async (sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: admin })
  await client.connect()
  await client.query(sql)
  await client.end()
}
afterAll(() => command(`drop database if exists ${name} with (force)`))

test('the mail server of the release before becomes the first provider, with its password, and stays live', async () => {
  await command(`create database ${name}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  const before = readMigrations().filter((m) => m.name < '0019')
  await migrate(url.href, before)
  const pool = createPool(url.href, { max: 2 })
  pool.on('error', () => undefined)
  await pool.query(`insert into settings (name, value) values ('channels', $1)`, [
    JSON.stringify({
      email: {
        provider: 'smtp',
        smtp: {
          host: 'mail.shop.test',
          port: 465,
          secure: true,
          require_tls: true,
          user: 'shop',
          pass_enc: encryptSecret({ secret }, 'channels.email.smtp.password', 'open sesame'),
        },
        rate_per_minute: 600,
        slots: null,
        track_opens: false,
        track_clicks: true,
      },
      sms: { provider: 'sandbox', rate_per_minute: null, slots: null },
    }),
  ])
  await migrate(url.href)
  const channels = await readChannels(pool)
  expect(channels.email).toMatchObject({ mode: 'live', rate_per_minute: 600, track_opens: false })
  expect(channels.sms.mode).toBe('sandbox')
  const [provider] = await readProviders(pool)
  expect(provider).toMatchObject({
    channel: 'email',
    kind: 'smtp',
    key: 'smtp',
    name: 'mail.shop.test',
    is_active: true,
  })
  expect(openProvider({ secret }, provider!)).toMatchObject({
    host: 'mail.shop.test',
    port: 465,
    security: 'tls',
    user: 'shop',
    password: 'open sesame',
  })
  await pool.end()
})
