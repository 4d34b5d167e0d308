import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Ctx } from '#server/context.ts'
import { systemActor } from '#server/audit.ts'
import { simCampaign } from '#sim/campaign.ts'
import type { Simulator } from '#sim/providers/base.ts'
import { startMailgun } from '#sim/providers/mailgun.ts'
import { startPostmark } from '#sim/providers/postmark.ts'
import { startSendgrid } from '#sim/providers/sendgrid.ts'
import { startSmsGateway } from '#sim/providers/sms-gateway.ts'
import { startTwilio } from '#sim/providers/twilio.ts'
import { testContext } from '#test/context.ts'
import { provider } from '#test/providers.ts'
import { addProvider, changeChannels } from '../delivery/providers.ts'
import { seedTemplates } from '../delivery/templates.ts'
import { dispatchOnce } from './dispatcher.ts'
import { reconcileUnknown } from './reconcile.ts'

let now = new Date('2026-11-18T17:00:00Z')
let ctx: Ctx
const mailgun = await startMailgun()
const postmark = await startPostmark()
const sendgrid = await startSendgrid()
const twilio = await startTwilio()
const gateway = await startSmsGateway()
const sims: Simulator[] = [mailgun, postmark, sendgrid, twilio, gateway]
beforeAll(async () => {
  ctx = await testContext({ clock: () => now })
  await seedTemplates(ctx)
})
afterAll(async () => {
  await Promise.all(sims.map((s) => s.close()))
})
afterEach(async () => {
  for (const sim of sims) {
    sim.faults = []
    sim.taken.length = 0
    sim.ratePerSecond = null
  }
  await ctx.pool.query(`delete from channel_providers`)
  await ctx.pool.query(`delete from settings where name = 'channels'`)
  await ctx.channels.close()
})

const add = {
  mailgun: (over: object = {}) =>
    addProvider(
      ctx,
      systemActor,
      provider('mailgun', { domain: mailgun.domain, base_url: mailgun.url }, { api_key: mailgun.apiKey }, over),
    ),
  postmark: (over: object = {}) =>
    addProvider(
      ctx,
      systemActor,
      provider('postmark', { base_url: postmark.url }, { server_token: postmark.token }, over),
    ),
  sendgrid: (over: object = {}) =>
    addProvider(ctx, systemActor, provider('sendgrid', { base_url: sendgrid.url }, { api_key: sendgrid.apiKey }, over)),
}
const live = async (channel: 'email' | 'sms' = 'email'): Promise<void> => {
  await changeChannels(ctx, systemActor, { [channel]: { mode: 'live' } })
  await ctx.channels.close()
}
const statuses = async (campaignId: string): Promise<Record<string, number>> => {
  const { rows } = await ctx.pool.query<{ status: string; n: number }>(
    'select status, count(*) as n from sends where campaign_id = $1 group by 1',
    [campaignId],
  )
  return Object.fromEntries(rows.map((r) => [r.status, r.n]))
}
const attempts = async (campaignId: string): Promise<Record<string, number>> => {
  const { rows } = await ctx.pool.query<{ what: string; n: number }>(
    `select a.provider || ' ' || a.outcome as what, count(*) as n from delivery_attempts as a join sends as s on s.id = a.send_id where s.campaign_id = $1 group by 1 order by 1`,
    [campaignId],
  )
  return Object.fromEntries(rows.map((r) => [r.what, r.n]))
}
/** Nobody got a message twice, over all providers. */
const noCopies = (): void => {
  const all = sims.flatMap((s) => s.taken.map((t) => t.sendId))
  expect(new Set(all).size).toBe(all.length)
}
const whileTimePasses = async <T>(run: () => Promise<T>): Promise<T> => {
  const clock = setInterval(() => (now = new Date(now.getTime() + 1000)), 100)
  try {
    return await run()
  } finally {
    clearInterval(clock)
  }
}

test('messages go by weight, and the send says which provider took it', async () => {
  await add.mailgun({ weight: 3 })
  await add.postmark({ weight: 1 })
  await add.sendgrid({ weight: 0 })
  await live()
  const { campaignId } = await simCampaign(ctx.pool, 80, now)
  await dispatchOnce(ctx, { campaignId })
  // Not to the message: who has three quarters of the slots in use lets the other one go first.
  const counts = await attempts(campaignId)
  expect(Object.keys(counts)).toEqual(['mailgun accepted', 'postmark accepted'])
  expect(counts['mailgun accepted']).toBeGreaterThan(50)
  expect(counts['mailgun accepted']).toBeLessThanOrEqual(60)
  const { rows } = await ctx.pool.query(
    `select s.provider, count(*) as n, count(s.provider_message_id) as ids from sends as s where s.campaign_id = $1 group by 1 order by 1`,
    [campaignId],
  )
  expect(rows).toEqual([
    { provider: 'mailgun', n: mailgun.taken.length, ids: mailgun.taken.length },
    { provider: 'postmark', n: postmark.taken.length, ids: postmark.taken.length },
  ])
  noCopies()
})

test('a provider that answers 503 is left out: the others take its messages at once, and none loses a chance', async () => {
  await add.mailgun()
  await add.postmark()
  await live()
  mailgun.faults = [{ kind: 'error_503' }]
  const { campaignId } = await simCampaign(ctx.pool, 60, now)
  await whileTimePasses(() => dispatchOnce(ctx, { campaignId }))
  expect(await statuses(campaignId)).toEqual({ sent: 60 })
  expect(postmark.taken).toHaveLength(60)
  // The circuit opened after a few: it was not asked sixty times.
  expect((await attempts(campaignId))['mailgun deferred']).toBeLessThan(40)
  expect(
    (await ctx.pool.query('select max(retry_count) as n from sends where campaign_id = $1', [campaignId])).rows[0].n,
  ).toBe(0)
  noCopies()
})

test('a stand-in takes over while the main provider is away, and gives back when it returns', async () => {
  await add.mailgun()
  await add.postmark({ weight: 0 })
  await live()
  mailgun.faults = [{ kind: 'error_503' }]
  const first = await simCampaign(ctx.pool, 20, now)
  await whileTimePasses(() => dispatchOnce(ctx, { campaignId: first.campaignId }))
  expect(postmark.taken).toHaveLength(20)
  mailgun.faults = []
  const second = await simCampaign(ctx.pool, 20, now)
  await dispatchOnce(ctx, { campaignId: second.campaignId })
  expect(postmark.taken).toHaveLength(20)
  expect(mailgun.taken).toHaveLength(20)
})

test('a provider that lets ten a second in gets little more, loses nothing, and everything arrives', async () => {
  await add.mailgun()
  await live()
  mailgun.ratePerSecond = 10
  const requestsBefore = mailgun.requests.length
  const { campaignId } = await simCampaign(ctx.pool, 60, now)
  const started = Date.now()
  const clock = setInterval(() => (now = new Date(now.getTime() + 500)), 100)
  await dispatchOnce(ctx, { campaignId })
  clearInterval(clock)
  const seconds = (Date.now() - started) / 1000
  expect(await statuses(campaignId)).toEqual({ sent: 60 })
  noCopies()
  const asked = mailgun.requests.length - requestsBefore
  // The first burst finds the limit out; from then on it is kept.
  expect(asked).toBeLessThan(20 + 60 * 1.6)
  expect(seconds).toBeGreaterThan(4)
}, 90_000)

test('a provider that hangs does not hold the others up', async () => {
  await add.mailgun()
  await add.postmark()
  await live()
  mailgun.faults = [{ kind: 'hang' }]
  const { campaignId } = await simCampaign(ctx.pool, 60, now)
  const stop = new AbortController()
  const running = dispatchOnce(ctx, { campaignId, signal: stop.signal })
  const started = Date.now()
  while (postmark.taken.length < 40 && Date.now() - started < 20_000) await new Promise((r) => setTimeout(r, 50))
  expect(postmark.taken.length).toBeGreaterThanOrEqual(40)
  expect(Date.now() - started).toBeLessThan(15_000)
  // The worker stops while messages hang: they end as unknown, never as sent.
  stop.abort()
  await mailgun.close()
  await running
  const after = await statuses(campaignId)
  expect((after['sent'] ?? 0) + (after['unknown'] ?? 0) + (after['pending'] ?? 0)).toBe(60)
  expect(after['unknown']).toBeGreaterThan(0)
  expect(after['unknown']).toBeLessThanOrEqual(15)
  noCopies()
}, 60_000)

test('what is unknown is asked of the provider that had it: found is sent, certainly absent goes again, once', async () => {
  await add.postmark()
  await live()
  const { campaignId } = await simCampaign(ctx.pool, 6, now)
  postmark.faults = [
    { kind: 'drop_after', times: 3 },
    { kind: 'reset', times: 3 },
  ]
  await dispatchOnce(ctx, { campaignId })
  expect(await statuses(campaignId)).toEqual({ unknown: 6 })
  postmark.faults = []
  await ctx.pool.query(`update delivery_attempts set started_at = now() - interval '20 minutes'`)
  expect(await reconcileUnknown(ctx)).toBe(6)
  expect(await statuses(campaignId)).toEqual({ sent: 3, pending: 3 })
  await dispatchOnce(ctx, { campaignId })
  expect(await statuses(campaignId)).toEqual({ sent: 6 })
  noCopies()
  expect(postmark.copies().size).toBe(6)
  expect(
    (
      await ctx.pool.query(
        `select count(*) as n from analytics_events where campaign_id = $1 and event_type = 'sent'`,
        [campaignId],
      )
    ).rows[0].n,
  ).toBe(6)
})

test('texts fail over, too: Twilio that lets nobody in, then the gateway', async () => {
  await addProvider(
    ctx,
    systemActor,
    provider(
      'twilio',
      { account_sid: twilio.accountSid, from: '+15005550006', base_url: twilio.url },
      { auth_token: 'not the token' },
    ),
  )
  await addProvider(
    ctx,
    systemActor,
    provider('sms_http', { url: `${gateway.url}/send`, from: '+15005550006' }, { api_key: gateway.token }),
  )
  await live('sms')
  const { campaignId } = await simCampaign(ctx.pool, 12, now, { channel: 'sms' })
  await whileTimePasses(() => dispatchOnce(ctx, { campaignId }))
  expect(await statuses(campaignId)).toEqual({ sent: 12 })
  expect(gateway.taken).toHaveLength(12)
  expect(twilio.taken).toHaveLength(0)
})
