import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemActor } from '#server/audit.ts'
import { addProvider, changeProvider } from '#server/delivery/providers.ts'
import { startImapServer } from '#sim/imap-server.ts'
import { testApp, type TestApp } from '#test/app.ts'
import { provider } from '#test/providers.ts'
import { suppressionOf } from '../suppression.ts'
import { readBounceMailboxes } from './bounce-mailboxes.ts'
import { processInbox } from './hooks/process.ts'

let t: TestApp
let providerId = ''
const imap = await startImapServer({ user: 'bounces@shop.test', password: 'mailbox pass' })
afterAll(() => imap.close())
const fixture = (name: string): string =>
  readFileSync(path.join(import.meta.dirname, `../../test/fixtures/bounces/${name}.eml`), 'latin1')
const signal = new AbortController().signal

beforeAll(async () => {
  t = await testApp()
  const made = await addProvider(
    t.ctx,
    systemActor,
    provider(
      'smtp',
      {
        host: '127.0.0.1',
        port: 25,
        security: 'maybe',
        bounce_address: 'bounces@shop.test',
        imap_host: '127.0.0.1',
        imap_port: imap.port,
        imap_user: 'bounces@shop.test',
      },
      { imap_password: 'mailbox pass', webhook_password: 'hook password' },
    ),
  )
  providerId = made.id
  // The messages that the fixtures are about.
  for (let n = 1; n <= 6; n++)
    await t.ctx.pool.query(
      `with c as (insert into customers (name, email, email_consent) values ('C', $2, 'granted') returning id)
       insert into sends (id, customer_id, channel, recipient, due_at, window_end, status, sent_at) select $1, c.id, 'email', $2, now(), now(), 'sent', now() from c`,
      [`0192f0c1-2345-7abc-8def-00000000000${n}`, `n${n}@example.com`],
    )
})
const states = async (): Promise<string[]> =>
  (await t.ctx.pool.query<{ status: string }>('select status from sends order by id')).rows.map((r) => r.status)
const closed = async (n: number): Promise<string | null> =>
  (await suppressionOf(t.ctx.pool, t.ctx.config, 'email', `n${n}@example.com`))?.reason ?? null

test('the bounce mailbox is read: reports count, forgeries are flagged for a person, nothing is deleted', async () => {
  for (const name of ['postfix-dead-failed', 'exim-full-failed', 'postfix-later-delayed']) imap.add(fixture(name))
  const forged = imap.add(
    fixture('postfix-bare-failed')
      .replace(/\+[a-z2-7]{42}@/g, '+zzzz@')
      .replace(/\/u\/[\w-]+/g, '/u/x'),
  )
  const away = imap.add(fixture('out-of-office'))
  expect(await readBounceMailboxes(t.ctx, signal)).toBe(5)
  await processInbox(t.ctx)
  expect(await states()).toEqual(['bounced', 'bounced', 'sent', 'sent', 'sent', 'sent'])
  expect([await closed(1), await closed(2), await closed(3)]).toEqual(['hard_bounce', null, null])
  expect([[...forged.flags], [...away.flags]]).toEqual([['\\Seen', '\\Flagged'], ['\\Seen']])
  expect(imap.messages.every((m) => m.flags.has('\\Seen'))).toBe(true)
  expect(await readBounceMailboxes(t.ctx, signal)).toBe(0)
})

test('a report that is read twice is one', async () => {
  for (const m of imap.messages) m.flags.clear()
  await readBounceMailboxes(t.ctx, signal)
  await processInbox(t.ctx)
  const { rows } = await t.ctx.pool.query(`select count(*) as n from analytics_events where event_type = 'bounce'`)
  expect(rows[0].n).toBe(2)
})

test('a server that posts its bounces needs the password, and is answered when they are stored', async () => {
  const post = (authorization: string, name: string) =>
    t.app.inject({
      method: 'POST',
      url: `/hooks/providers/smtp/${providerId}`,
      payload: fixture(name),
      headers: { authorization, 'content-type': 'message/rfc822' },
    })
  expect((await post('Bearer wrong', 'exim-policy-failed')).statusCode).toBe(401)
  expect((await post('Bearer hook password', 'exim-policy-failed')).statusCode).toBe(200)
  expect((await post(`Basic ${Buffer.from('x:hook password').toString('base64')}`, 'arf-abuse')).statusCode).toBe(200)
  await processInbox(t.ctx)
  expect((await states())[3]).toBe('bounced')
  expect(await closed(4)).toBeNull()
  // Who complains closes every channel, though the address was already closed for a bounce.
  const { rows } = await t.ctx.pool.query(`select count(*) as n from analytics_events where event_type = 'complaint'`)
  expect(rows[0].n).toBe(1)
})

test('a mailbox that lets nobody in is told on the settings page, and costs nothing else', async () => {
  await changeProvider(t.ctx, systemActor, providerId, { secrets: { imap_password: 'not it' } })
  expect(await readBounceMailboxes(t.ctx, signal)).toBe(0)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const settings = (await t.as('user')({ url: '/api/v1/settings/channels' })).json()
  expect(settings.providers[0].last_refusal).toBe(
    'The mailbox at 127.0.0.1 cannot be read: it refused user and password.',
  )
})
