import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemActor } from '#server/audit.ts'
import { addProvider, changeProvider } from '#server/delivery/providers.ts'
import type { Simulator } from '#sim/providers/base.ts'
import { startMailgun } from '#sim/providers/mailgun.ts'
import { startPostmark } from '#sim/providers/postmark.ts'
import { startResend } from '#sim/providers/resend.ts'
import { startSendgrid } from '#sim/providers/sendgrid.ts'
import { startSes } from '#sim/providers/ses.ts'
import { testApp, type TestApp } from '#test/app.ts'
import { mail, never } from '#test/outgoing.ts'
import { provider } from '#test/providers.ts'
import { sendMessages, type SentMessage } from '#test/sent-shop.ts'
import { suppressionOf } from '../../suppression.ts'
import { processInbox } from './process.ts'

let t: TestApp
let base = ''
const mailgun = await startMailgun()
const sendgrid = await startSendgrid()
const postmark = await startPostmark()
const ses = await startSes()
const resend = await startResend()
const sims: Record<string, Simulator> = { mailgun, sendgrid, postmark, ses, resend }
const hookOf: Record<string, string> = {}
const idOf: Record<string, string> = {}

beforeAll(async () => {
  t = await testApp()
  await t.app.listen({ port: 0, host: '127.0.0.1' })
  base = `http://127.0.0.1:${(t.app.server.address() as AddressInfo).port}`
  t.ctx.config.publicUrl = base
  const add = async (kind: Parameters<typeof provider>[0], config: object, secrets: Record<string, string>) => {
    const made = await addProvider(t.ctx, systemActor, provider(kind, config as never, secrets))
    hookOf[kind] = made.hook_url
    idOf[kind] = made.id
  }
  await add(
    'mailgun',
    { domain: mailgun.domain, base_url: mailgun.url },
    { api_key: mailgun.apiKey, webhook_signing_key: mailgun.signingKey },
  )
  await add(
    'sendgrid',
    { base_url: sendgrid.url, webhook_public_key: sendgrid.publicKey },
    { api_key: sendgrid.apiKey },
  )
  await add(
    'postmark',
    { base_url: postmark.url },
    { server_token: postmark.token, webhook_password: 'hook pass:word' },
  )
  await add(
    'ses',
    {
      region: ses.region,
      access_key_id: ses.accessKeyId,
      topic_arn: ses.topicArn,
      configuration_set: 'offers',
      base_url: ses.url,
    },
    { secret_access_key: ses.secretAccessKey },
  )
  await add('resend', { base_url: resend.url }, { api_key: resend.apiKey, webhook_secret: resend.webhookSecret })
  for (const kind of Object.keys(sims)) sims[kind]!.hooks.settings.url = hookOf[kind]!
  const withPassword = new URL(hookOf['postmark']!)
  withPassword.username = 'postmark'
  withPassword.password = 'hook pass:word'
  postmark.hooks.settings.url = withPassword.href
  ses.subscribe(hookOf['ses']!)
  await ses.hooks.idle()
})
afterAll(async () => {
  await Promise.all(Object.values(sims).map((s) => s.close()))
})
afterEach(() => {
  for (const sim of Object.values(sims))
    Object.assign(sim.hooks.settings, { duplicate: 0, reorder: 0, badSignature: 0, lose: 0, delayMs: 0 })
})

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Hands messages of our ledger to a provider; what happens there is said by the address. */
async function handOver(kind: string, what: string[]): Promise<SentMessage[]> {
  const sent = await sendMessages(t.ctx, what.length, new Date(Date.now() - 60_000))
  const channel = await t.ctx.channels.find('email', kind)
  for (const [i, m] of sent.entries()) {
    const outcome = await channel!.send(
      mail({ sendId: m.sendId, recipient: `${what[i]}+${m.sendId}@example.com` }),
      never,
    )
    expect(outcome).toMatchObject({ kind: 'accepted' })
  }
  return sent
}
async function settle(kind: string): Promise<void> {
  // SendGrid collects for a moment.
  await wait(kind === 'sendgrid' ? 120 : 20)
  await sims[kind]!.hooks.idle()
  await processInbox(t.ctx)
}
const stateOf = async (m: SentMessage): Promise<unknown> => {
  const { rows } = await t.ctx.pool.query<{ status: string; opened: boolean; clicked: boolean }>(
    'select status, opened_at is not null as opened, clicked_at is not null as clicked from sends where id = $1',
    [m.sendId],
  )
  const { rows: events } = await t.ctx.pool.query<{ e: string }>(
    `select event_type || case when machine then ':machine' else '' end || coalesce(':' || (properties ->> 'class'), '') as e from analytics_events where send_id = $1 and event_type <> 'sent' order by 1`,
    [m.sendId],
  )
  const closed = await suppressionOf(t.ctx.pool, t.ctx.config, 'email', m.email)
  return [
    rows[0]!.status,
    ...(rows[0]!.opened ? ['opened'] : []),
    ...(rows[0]!.clicked ? ['clicked'] : []),
    events.map((e) => e.e).join(' '),
    closed?.reason ?? 'open',
  ]
}
const stored = async (kind: string): Promise<number> =>
  (await t.ctx.pool.query<{ n: number }>('select count(*) as n from webhook_inbox where kind = $1', [kind])).rows[0]!.n

const stories = ['bounce', 'soft', 'defer', 'complain', 'open', 'machine', 'click', 'unsubscribe', 'late']
const outcomes = (kind: string): unknown[] => [
  ['bounced', 'bounce:hard', 'hard_bounce'],
  ['bounced', 'bounce:soft', 'open'],
  ['delivered', 'deferred delivered', 'open'],
  ['delivered', 'opened', 'complaint delivered open', 'complaint'],
  ['delivered', 'opened', 'delivered open', 'open'],
  ['delivered', 'delivered open:machine', 'open'],
  ['delivered', 'opened', 'clicked', 'click delivered open', 'open'],
  // Resend has no such event; its later messages would be suppressed there.
  kind === 'resend'
    ? ['bounced', 'opened', 'bounce:soft delivered open', 'unsubscribe']
    : ['delivered', 'opened', 'delivered open unsubscribe', 'unsubscribe'],
  ['bounced', 'bounce:hard delivered', 'hard_bounce'],
]

describe.each(Object.keys(sims))('%s', (kind) => {
  const sim = sims[kind]!

  test('what it reports ends in the same state, in whatever order and however often it comes', async () => {
    const once = await handOver(kind, stories)
    await settle(kind)
    expect(await Promise.all(once.map(stateOf))).toEqual(outcomes(kind))
    Object.assign(sim.hooks.settings, { duplicate: 1, reorder: 0.6 })
    const twice = await handOver(kind, stories)
    await settle(kind)
    // A second look changes nothing.
    await processInbox(t.ctx)
    expect(await Promise.all(twice.map(stateOf))).toEqual(outcomes(kind))
  })

  test('a wrong signature is refused, noted for the settings page, and leaves nothing behind', async () => {
    const before = await stored(kind)
    sim.hooks.settings.badSignature = 1
    const [m] = await handOver(kind, ['bounce'])
    await settle(kind)
    expect(await stored(kind)).toBe(before)
    expect(await stateOf(m!)).toEqual(['sent', '', 'open'])
    expect(sim.hooks.sent.at(-1)!.status).toBeGreaterThanOrEqual(401)
    const settings = (await t.as('user')({ url: '/api/v1/settings/channels' })).json()
    const shown = settings.providers.find((p: { kind: string }) => p.kind === kind)
    expect(shown.last_refusal).toMatch(/signature|password/i)
    expect(shown.last_received_at).not.toBeNull()
  })

  test('the same post again, byte for byte, is one event', async () => {
    const [m] = await handOver(kind, ['click'])
    await settle(kind)
    const before = [await stored(kind), await stateOf(m!)]
    expect(await sim.hooks.replay(-1)).toBe(200)
    await processInbox(t.ctx)
    expect([await stored(kind), await stateOf(m!)]).toEqual(before)
  })

  test('bytes of anybody never break it: refused or taken, but never our fault', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ maxLength: 300 }), fc.json({ maxDepth: 3 })),
        fc.constantFrom('application/json', 'text/plain', 'application/x-www-form-urlencoded', 'x/y'),
        async (payload, type) => {
          const answer = await t.app.inject({
            method: 'POST',
            url: new URL(hookOf[kind]!).pathname,
            payload,
            headers: { 'content-type': type, 'svix-signature': 'v1,x', 'x-signature': 'x' },
          })
          expect(answer.statusCode).toBeGreaterThanOrEqual(400)
          expect(answer.statusCode).toBeLessThan(500)
        },
      ),
      { numRuns: 40 },
    )
  })
})

test('two keys are good during a rotation: posts of the old and of the new one count', async () => {
  const before = mailgun.signingKey
  const rotate = (secrets: Record<string, string | null>) =>
    changeProvider(t.ctx, systemActor, idOf['mailgun']!, { secrets })
  await rotate({ webhook_signing_key: 'a new key', webhook_signing_key_previous: before })
  await wait(2_100)
  const [old] = await handOver('mailgun', ['bounce'])
  await settle('mailgun')
  mailgun.signingKey = 'a new key'
  const [fresh] = await handOver('mailgun', ['bounce'])
  await settle('mailgun')
  const dead = ['bounced', 'bounce:hard', 'hard_bounce']
  expect([await stateOf(old!), await stateOf(fresh!)]).toEqual([dead, dead])
  await rotate({ webhook_signing_key_previous: null })
  mailgun.signingKey = before
  await wait(2_100)
  const count = await stored('mailgun')
  await handOver('mailgun', ['bounce'])
  await settle('mailgun')
  expect(await stored('mailgun')).toBe(count)
  mailgun.signingKey = 'a new key'
  const first = sendgrid.publicKey
  const second = sendgrid.rotate()
  await changeProvider(t.ctx, systemActor, idOf['sendgrid']!, {
    config: { base_url: sendgrid.url, webhook_public_key: first, webhook_public_key_previous: second },
  })
  await wait(2_100)
  const [m] = await handOver('sendgrid', ['bounce'])
  await settle('sendgrid')
  expect(await stateOf(m!)).toEqual(['bounced', 'bounce:hard', 'hard_bounce'])
}, 40_000)

test('Mailgun signs no body: a token that was used is worth nothing for another one', async () => {
  const [m] = await handOver('mailgun', ['open'])
  await settle('mailgun')
  const { post } = mailgun.hooks.sent.at(-1)!
  const forged = JSON.parse(post.body)
  forged['event-data'].event = 'complained'
  const answer = await fetch(hookOf['mailgun']!, {
    method: 'POST',
    headers: post.headers,
    body: JSON.stringify(forged),
  })
  expect(answer.status).toBe(200)
  await processInbox(t.ctx)
  expect(await stateOf(m!)).toEqual(['delivered', 'opened', 'delivered open', 'open'])
  mailgun.skewMs = -27 * 3_600_000
  await handOver('mailgun', ['bounce'])
  await mailgun.hooks.idle()
  mailgun.skewMs = 0
  expect(mailgun.hooks.sent.at(-1)!.status).toBe(406)
})

test('a report that comes before its message is known waits for it', async () => {
  const channel = await t.ctx.channels.find('email', 'postmark')
  const [template] = await sendMessages(t.ctx, 1, new Date(Date.now() - 60_000))
  const sendId = '0192f0c1-aaaa-7abc-8def-0123456789ab'
  await channel!.send(mail({ sendId, recipient: 'bounce+early@example.com' }), never)
  await settle('postmark')
  const row = async () =>
    (
      await t.ctx.pool.query(
        `select status, error, tries from webhook_inbox where body #>> '{events,0,body,Metadata,send_id}' = $1`,
        [sendId],
      )
    ).rows[0]
  expect(await row()).toMatchObject({ status: 'parked', error: 'There is no message with its id.', tries: 1 })
  await t.ctx.pool.query(
    `insert into sends (id, customer_id, campaign_id, channel, recipient, due_at, window_end, status, sent_at) select $1, customer_id, campaign_id, channel, 'early@example.com', due_at, window_end, 'sent', sent_at from sends where id = $2`,
    [sendId, template!.sendId],
  )
  await processInbox(t.ctx)
  // Not before its time.
  expect((await row()).status).toBe('parked')
  await t.ctx.pool.query('update webhook_inbox set next_try_at = now()')
  await processInbox(t.ctx)
  expect(await row()).toMatchObject({ status: 'processed' })
  expect(await suppressionOf(t.ctx.pool, t.ctx.config, 'email', 'early@example.com')).not.toBeNull()
})

test('a report about a message that never was ours still closes the address, in the end', async () => {
  const channel = await t.ctx.channels.find('email', 'postmark')
  const sendId = '0192f0c1-bbbb-7abc-8def-0123456789ab'
  await channel!.send(mail({ sendId, recipient: 'complain+stranger@example.com' }), never)
  await settle('postmark')
  for (let i = 0; i < 10; i++) {
    await t.ctx.pool.query(`update webhook_inbox set next_try_at = now() where status = 'parked'`)
    await processInbox(t.ctx)
  }
  const { rows } = await t.ctx.pool.query(
    `select distinct status from webhook_inbox where body #>> '{events,0,body,Metadata,send_id}' = $1`,
    [sendId],
  )
  expect(rows).toEqual([{ status: 'failed' }])
  expect(await suppressionOf(t.ctx.pool, t.ctx.config, 'email', 'complain+stranger@example.com')).toMatchObject({
    reason: 'complaint',
  })
})

test('SNS: another topic, another certificate and a foreign host are refused; text notes are nothing', async () => {
  const before = await stored('ses')
  ses.notify('Successfully validated SNS topic for Amazon SES event publishing.')
  await ses.hooks.idle()
  expect(ses.hooks.sent.at(-1)!.status).toBe(200)
  const event = { eventType: 'Bounce', mail: { destination: ['x@example.com'] }, bounce: { bounceType: 'Permanent' } }
  const tricks: Record<string, string>[] = [
    { TopicArn: 'arn:aws:sns:us-east-1:999999999999:mail-events' },
    { SigningCertURL: 'https://evil.test/sns.pem' },
    { SigningCertURL: 'http://169.254.169.254/latest.pem' },
    { Timestamp: new Date(Date.now() - 30 * 3_600_000).toISOString() },
  ]
  for (const over of tricks) {
    ses.notify(event, over)
    await ses.hooks.idle()
    expect(ses.hooks.sent.at(-1)!.status).toBe(403)
  }
  expect(await stored('ses')).toBe(before)
  ses.signatureVersion = '1'
  const [m] = await handOver('ses', ['bounce'])
  await settle('ses')
  ses.signatureVersion = '2'
  expect(await stateOf(m!)).toEqual(['bounced', 'bounce:hard', 'hard_bounce'])
  expect(ses.isConfirmed).toBe(true)
})

test('when we cannot store it we say so with a 5xx, and the provider tries again until it is in', async () => {
  const [m] = await sendMessages(t.ctx, 1, new Date(Date.now() - 60_000))
  await t.ctx.pool.query('alter table webhook_inbox rename to webhook_inbox_away')
  const channel = await t.ctx.channels.find('email', 'resend')
  const before = resend.hooks.sent.length
  await channel!.send(mail({ sendId: m!.sendId, recipient: 'bounce+retry@example.com' }), never)
  const refusedYet = (): boolean => resend.hooks.sent.slice(before).some((s) => s.status === 500)
  for (let i = 0; i < 200 && !refusedYet(); i++) await wait(10)
  await t.ctx.pool.query('alter table webhook_inbox_away rename to webhook_inbox')
  await settle('resend')
  const answers = resend.hooks.sent.slice(before).map((s) => s.status)
  expect(answers.some((s) => s === 500)).toBe(true)
  expect(await stateOf(m!)).toEqual(['bounced', 'bounce:hard', 'hard_bounce'])
})

test('an address of nobody is 404, with and without an id; without an id the key decides whose it is', async () => {
  for (const url of [
    '/hooks/providers/nonsense',
    `/hooks/providers/twilio`,
    `/hooks/providers/mailgun/${idOf['resend']}`,
  ])
    expect((await t.app.inject({ method: 'POST', url, payload: 'x' })).statusCode).toBe(404)
  const short = hookOf['resend']!.replace(/\/[^/]+$/, '')
  const kept = resend.hooks.settings.url
  resend.hooks.settings.url = short
  const [m] = await handOver('resend', ['bounce'])
  await settle('resend')
  resend.hooks.settings.url = kept
  expect(await stateOf(m!)).toEqual(['bounced', 'bounce:hard', 'hard_bounce'])
})
