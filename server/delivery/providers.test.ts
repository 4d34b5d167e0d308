import { beforeAll, expect, test } from 'vitest'
import { systemActor } from '#server/audit.ts'
import { startSmtpServer } from '#sim/providers/smtp.ts'
import { testApp, type TestApp } from '#test/app.ts'
import { checkDomain } from './domain-checks.ts'
import { addProvider } from './providers.ts'

let t: TestApp
beforeAll(async () => {
  t = await testApp()
})
const base = '/api/v1/settings/channels'
const call = async (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  payload?: object,
  role: 'admin' | 'user' = 'admin',
) => {
  const answer = await t.as(role)({ method, url: base + path, ...(payload ? { payload } : {}) })
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json(), text: answer.body }
}

test('the form of each kind is drawn from its schema, and only secrets are secret', async () => {
  const { body } = await call('GET', '/kinds', undefined, 'user')
  expect(body.data.map((k: { kind: string }) => k.kind)).toEqual([
    'smtp',
    'mailgun',
    'sendgrid',
    'postmark',
    'ses',
    'resend',
    'twilio',
    'sms_http',
  ])
  const mailgun = body.data.find((k: { kind: string }) => k.kind === 'mailgun')
  expect(mailgun.fields[0]).toMatchObject({ name: 'domain', type: 'text', is_required: true, is_secret: false })
  expect(mailgun.fields.find((f: { name: string }) => f.name === 'region')).toMatchObject({
    type: 'choice',
    default: 'us',
    options: [
      { value: 'us', label: 'United States' },
      { value: 'eu', label: 'European Union' },
    ],
  })
  const secrets = body.data.flatMap((k: { fields: { name: string; is_secret: boolean }[] }) =>
    k.fields.filter((f) => /key|token|password|secret/.test(f.name) !== f.is_secret).map((f) => f.name),
  )
  // A public key and the id of an access key are none.
  expect(secrets.sort()).toEqual(['access_key_id', 'webhook_public_key', 'webhook_public_key_previous'])
})

test('a secret goes in and never comes out; absent it stays, null removes it', async () => {
  const made = await call('POST', '/providers', {
    kind: 'mailgun',
    config: { domain: 'mg.shop.test', region: 'eu' },
    secrets: { api_key: 'open sesame 1', webhook_signing_key: 'open sesame 2' },
    weight: 3,
  })
  expect(made.status, made.text).toBe(201)
  expect(made.body).toMatchObject({
    channel: 'email',
    key: 'mailgun',
    name: 'Mailgun',
    config: { domain: 'mg.shop.test', region: 'eu', base_url: null },
    secrets: { api_key: true, webhook_signing_key: true, webhook_signing_key_previous: false },
    hook_url: `http://shop.test/hooks/providers/mailgun/${made.body.id}`,
  })
  const path = `/providers/${made.body.id}`
  const changed = await call('PATCH', path, { name: 'Main', secrets: { webhook_signing_key: null } })
  expect(changed.body).toMatchObject({
    name: 'Main',
    weight: 3,
    secrets: { api_key: true, webhook_signing_key: false },
  })
  expect((await call('PATCH', path, { secrets: { api_key: null } })).body.errors).toMatchObject([
    { path: 'secrets.api_key' },
  ])
  expect((await call('PATCH', path, { config: { domain: 'not a domain' } })).body.errors).toMatchObject([
    { path: 'config.domain' },
  ])
  expect((await call('PATCH', path, { config: { domain: 'a.test', api_key: 'x' } })).body.errors).toMatchObject([
    { path: 'config.api_key', message: 'A secret belongs to secrets.' },
  ])
  expect((await call('PATCH', path, { config: { domain: 'a.test', base_url: 'http://api.example.com' } })).status).toBe(
    400,
  )
  expect((await call('PATCH', path, {}, 'user')).status).toBe(403)
  const { rows } = await t.ctx.pool.query<{ all: string }>(
    `select (select string_agg(p::text, '') from channel_providers as p) || (select string_agg(coalesce(a.after::text, '') || coalesce(a.before::text, ''), '') from audit_log as a) as all`,
  )
  expect(rows[0]!.all).not.toContain('open sesame')
  expect(made.text + changed.text + (await call('GET', '')).text).not.toContain('open sesame')
  const second = await call('POST', '/providers', {
    kind: 'mailgun',
    config: { domain: 'mg2.shop.test' },
    secrets: { api_key: 'x' },
  })
  expect(second.body.key).toBe('mailgun-2')
})

test('a channel goes live only with a provider, and a live channel keeps its last one', async () => {
  expect((await call('PATCH', '', { sms: { mode: 'live' } })).body.errors).toMatchObject([{ path: 'sms.mode' }])
  const made = await call('POST', '/providers', {
    kind: 'twilio',
    config: { account_sid: `AC${'0'.repeat(32)}` },
    secrets: { auth_token: 't' },
  })
  expect(made.body.errors).toMatchObject([{ path: 'config.from' }])
  const twilio = await call('POST', '/providers', {
    kind: 'twilio',
    config: { account_sid: `AC${'0'.repeat(32)}`, from: '+15005550006' },
    secrets: { auth_token: 't' },
  })
  expect((await call('PATCH', '', { sms: { mode: 'live' } })).body.sms.mode).toBe('live')
  expect((await t.ctx.channels.routes('sms')).map((r) => r.channel.name)).toEqual(['twilio'])
  expect((await call('DELETE', `/providers/${twilio.body.id}`)).status).toBe(400)
  expect((await call('PATCH', `/providers/${twilio.body.id}`, { is_active: false })).status).toBe(400)
  await call('PATCH', '', { sms: { mode: 'sandbox' } })
  expect((await call('DELETE', `/providers/${twilio.body.id}`)).status).toBe(204)
  const { rows } = await t.ctx.pool.query('select secrets from channel_providers where key = $1', ['twilio'])
  expect(rows).toEqual([{ secrets: {} }])
  expect((await call('DELETE', `/providers/${twilio.body.id}`)).status).toBe(404)
})

test('records of the domain are judged as receivers will; silence of the name server says nothing', async () => {
  await t.as('admin')({
    method: 'PATCH',
    url: '/api/v1/settings/shop',
    payload: { name: 'Shop', from_name: 'Shop', from_email: 'hello@shop.test' },
  })
  const made = await addProvider(t.ctx, systemActor, {
    kind: 'sendgrid',
    config: {},
    secrets: { api_key: 'SG.x' },
    weight: 1,
    is_active: true,
    rate_per_minute: null,
    slots: null,
  })
  const look = async (records: Record<string, string[]>) =>
    Object.fromEntries(
      (await checkDomain(t.ctx, made.id, (name) => Promise.resolve(records[name] ?? []))).checks.map((c) => [
        c.id,
        c.outcome,
      ]),
    )
  expect(await look({})).toEqual({ spf: 'missing', dkim: 'warning', dmarc: 'missing' })
  expect(
    await look({
      'shop.test': ['google-site-verification=x', 'v=spf1 include:sendgrid.net ~all'],
      's1._domainkey.shop.test': [`k=rsa; t=s; p=${'A'.repeat(392)}`],
      '_dmarc.shop.test': ['v=DMARC1; p=none; rua=mailto:d@shop.test'],
    }),
  ).toEqual({ spf: 'ok', dkim: 'ok', dmarc: 'ok' })
  expect(
    await look({
      'shop.test': ['v=spf1 a ~all', 'v=spf1 +all'],
      's1._domainkey.shop.test': ['v=DKIM1; p='],
      '_dmarc.shop.test': ['v=DMARC1; rua=mailto:x'],
    }),
  ).toEqual({ spf: 'wrong', dkim: 'wrong', dmarc: 'wrong' })
  const away = await checkDomain(t.ctx, made.id, () => Promise.reject(new Error('ECONNREFUSED')))
  expect(away.checks.map((c) => c.outcome)).toEqual(['unreachable', 'unreachable', 'unreachable'])
  // Whatever this machine has for a name server, the answer comes in time and is one of the outcomes.
  const real = await call('POST', `/providers/${made.id}/check`)
  expect(real.status).toBe(200)
  expect(real.body.checks).toHaveLength(3)
}, 20_000)

test('a provider can be tried the moment it was added or changed', async () => {
  const send = async (id: string) =>
    (await call('POST', '/test', { channel: 'email', to: 'me@shop.test', provider_id: id })).body
  await t.ctx.channels.routes('email')
  const added = await call('POST', '/providers', {
    kind: 'smtp',
    config: { host: '127.0.0.1', port: 1, security: 'maybe' },
  })
  expect(await send(added.body.id)).toMatchObject({ ok: false, provider: 'smtp', outcome: 'deferred' })
  const server = await startSmtpServer()
  await call('PATCH', `/providers/${added.body.id}`, {
    config: { host: '127.0.0.1', port: server.port, security: 'maybe' },
  })
  expect(await send(added.body.id)).toMatchObject({ ok: true, outcome: 'accepted' })
  expect(server.taken.map((m) => m.to)).toEqual(['me@shop.test'])
  await server.close()
})
