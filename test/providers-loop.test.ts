import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemActor } from '#server/audit.ts'
import { refreshCampaignCounters } from '#server/counters.ts'
import { addProvider, changeChannels } from '#server/delivery/providers.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import { dispatchOnce } from '#server/dispatch/dispatcher.ts'
import { reconcileUnknown } from '#server/dispatch/reconcile.ts'
import { processInbox } from '#server/feedback/hooks/process.ts'
import { simCampaign } from '#sim/campaign.ts'
import type { Simulator } from '#sim/providers/base.ts'
import { startMailgun } from '#sim/providers/mailgun.ts'
import { startPostmark } from '#sim/providers/postmark.ts'
import { startResend } from '#sim/providers/resend.ts'
import { startSendgrid } from '#sim/providers/sendgrid.ts'
import { startSes } from '#sim/providers/ses.ts'
import { usualHabits } from '#sim/providers/recipients.ts'
import { withTx } from '#db/pool.ts'
import { rebuildRollup } from '#server/events.ts'
import { testApp, type TestApp } from './app.ts'
import { provider } from './providers.ts'

// The whole way of a campaign: out through five providers that fail in every way they can, and back through webhooks that
// come twice, late, shuffled, forged, or not at all.
let t: TestApp
let now = new Date()
const sims = {
  mailgun: await startMailgun({ seed: 11 }),
  sendgrid: await startSendgrid({ seed: 12 }),
  postmark: await startPostmark({ seed: 13 }),
  ses: await startSes({ seed: 14 }),
  resend: await startResend({ seed: 15 }),
}
const all: Simulator[] = Object.values(sims)

beforeAll(async () => {
  t = await testApp({ clock: () => now })
  await seedTemplates(t.ctx)
  await t.app.listen({ port: 0, host: '127.0.0.1' })
  t.ctx.config.publicUrl = `http://127.0.0.1:${(t.app.server.address() as AddressInfo).port}`
  const { mailgun, sendgrid, postmark, ses, resend } = sims
  const hooks: [Simulator, Parameters<typeof provider>[1], Record<string, string>][] = [
    [
      mailgun,
      { domain: mailgun.domain, base_url: mailgun.url },
      { api_key: mailgun.apiKey, webhook_signing_key: mailgun.signingKey },
    ],
    [sendgrid, { base_url: sendgrid.url, webhook_public_key: sendgrid.publicKey }, { api_key: sendgrid.apiKey }],
    [postmark, { base_url: postmark.url }, { server_token: postmark.token, webhook_password: 'pw' }],
    [
      ses,
      { region: ses.region, access_key_id: ses.accessKeyId, topic_arn: ses.topicArn, base_url: ses.url },
      { secret_access_key: ses.secretAccessKey },
    ],
    [resend, { base_url: resend.url }, { api_key: resend.apiKey, webhook_secret: resend.webhookSecret }],
  ]
  for (const [sim, config, secrets] of hooks) {
    const made = await addProvider(t.ctx, systemActor, provider(sim.name as 'mailgun', config, secrets))
    sim.hooks.settings.url = sim === postmark ? made.hook_url.replace('://', '://postmark:pw@') : made.hook_url
    sim.habits = {
      ...usualHabits,
      bounce: 0.05,
      softBounce: 0.05,
      defer: 0.1,
      click: 0.1,
      complain: 0.02,
      unsubscribe: 0.03,
    }
  }
  ses.subscribe(ses.hooks.settings.url!)
  await ses.hooks.idle()
  await changeChannels(t.ctx, systemActor, { email: { mode: 'live' } })
})
afterAll(async () => {
  await Promise.all(all.map((s) => s.close()))
})

test('nobody gets a message twice, every report finds its message, and every figure equals a recount', async () => {
  for (const sim of all) {
    sim.faults = [
      { kind: 'throttle', share: 0.05, retryAfter: 1 },
      { kind: 'error_503', share: 0.05 },
      { kind: 'drop_after', share: 0.03 },
      { kind: 'reset', share: 0.03 },
      {
        kind: 'error_500_sent',
        share: sim.name === 'mailgun' || sim.name === 'postmark' || sim.name === 'resend' ? 0.03 : 0,
      },
      { kind: 'malformed', share: 0.03 },
    ]
    Object.assign(sim.hooks.settings, { duplicate: 0.3, reorder: 0.4, badSignature: 0.05, lose: 0.02 })
  }
  const { campaignId } = await simCampaign(t.ctx.pool, 400, now)
  const clock = setInterval(() => (now = new Date(Math.max(Date.now(), now.getTime() + 300))), 100)
  await dispatchOnce(t.ctx, { campaignId })
  for (const sim of all) sim.faults = []
  // What is certainly not there is sent again; for that the attempt must be old enough.
  await t.ctx.pool.query(`update delivery_attempts set started_at = now() - interval '20 minutes'`)
  await reconcileUnknown(t.ctx)
  await dispatchOnce(t.ctx, { campaignId })
  clearInterval(clock)
  await new Promise((resolve) => setTimeout(resolve, 200))
  for (const sim of all) await sim.hooks.idle()
  now = new Date()
  while ((await processInbox(t.ctx)) > 0);

  const copies = new Map<string, number>()
  for (const sim of all)
    for (const taken of sim.taken) if (taken.sendId) copies.set(taken.sendId, (copies.get(taken.sendId) ?? 0) + 1)
  expect([...copies].filter(([, n]) => n > 1)).toEqual([])

  const { rows: sends } = await t.ctx.pool.query<{ id: string; status: string; provider: string | null }>(
    'select id, status, provider from sends where campaign_id = $1',
    [campaignId],
  )
  const tally: Record<string, number> = {}
  for (const s of sends) {
    tally[s.status] = (tally[s.status] ?? 0) + 1
    // Sent, delivered and bounced were really taken; failed and pending were not.
    const isTaken = copies.has(s.id)
    if (['sent', 'delivered', 'bounced'].includes(s.status)) expect(isTaken, s.status).toBe(true)
    if (['failed', 'pending', 'skipped'].includes(s.status)) expect(isTaken, `${s.status} ${s.provider}`).toBe(false)
  }
  // Only who cannot be asked, and whose reports were lost as well, leaves anything unknown.
  expect(tally['pending'] ?? 0).toBe(0)
  expect(tally['unknown'] ?? 0).toBeLessThan(20)
  expect((tally['delivered'] ?? 0) + (tally['bounced'] ?? 0) + (tally['sent'] ?? 0)).toBeGreaterThan(370)
  expect(Object.keys(Object.groupBy(sends, (s) => s.provider ?? 'none')).length).toBeGreaterThanOrEqual(5)

  const { rows: forged } = await t.ctx.pool.query(
    `select count(*) as n from webhook_inbox where kind is not null and status <> 'processed'`,
  )
  expect(forged[0].n).toBe(0)
  expect(all.some((s) => s.hooks.sent.some((p) => p.status === 401 || p.status === 403))).toBe(true)

  const rollup = async (): Promise<unknown> =>
    (
      await t.ctx.pool.query(
        'select event_type, channel, machine, sum(events)::int as n from rollup_hourly group by 1, 2, 3 having sum(events) <> 0 order by 1, 2, 3',
      )
    ).rows
  const kept = await rollup()
  await withTx(t.ctx.pool, rebuildRollup)
  expect(await rollup()).toEqual(kept)
  await refreshCampaignCounters(t.ctx.pool, [campaignId])
  const { rows: counted } = await t.ctx.pool.query(
    `select c.completed_sends, c.failed_sends, c.opens, c.clicks,
       (select count(*)::int from sends as s where s.campaign_id = c.id and s.opened_at is not null) as opened,
       (select count(*)::int from sends as s where s.campaign_id = c.id and s.clicked_at is not null) as clicked,
       (select count(distinct e.send_id)::int from analytics_events as e where e.campaign_id = c.id and e.event_type = 'sent') as sent_events
     from campaigns as c where c.id = $1`,
    [campaignId],
  )
  const c = counted[0]
  expect([c.opens, c.clicks]).toEqual([c.opened, c.clicked])
  expect(c.completed_sends).toBe((tally['sent'] ?? 0) + (tally['delivered'] ?? 0))
  expect(c.failed_sends).toBe((tally['failed'] ?? 0) + (tally['bounced'] ?? 0))
  expect(c.sent_events).toBe(c.completed_sends + (tally['bounced'] ?? 0))
}, 120_000)
