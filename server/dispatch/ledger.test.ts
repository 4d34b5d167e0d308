import { beforeAll, expect, test } from 'vitest'
import type { Ctx } from '#server/context.ts'
import { systemActor } from '#server/audit.ts'
import { closeAddresses } from '#server/opt-out.ts'
import { withTx } from '#db/pool.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink, type SinkFaults } from '#sim/smtp-sink.ts'
import { testContext } from '#test/context.ts'
import { smtpProvider } from '#test/providers.ts'
import { addProvider } from '../delivery/providers.ts'
import { seedTemplates } from '../delivery/templates.ts'
import { claimBatch } from './claim.ts'
import { dispatchOnce, runDispatcher } from './dispatcher.ts'
import { startLiveness } from './liveness.ts'
import { resend } from './sends.ts'
import { reclaimBatches, rollWindows } from './sweep.ts'

let now = new Date('2026-11-18T17:00:00Z')
let ctx: Ctx
beforeAll(async () => {
  ctx = await testContext({ clock: () => now })
  await seedTemplates(ctx)
})

const statuses = async (campaignId: string): Promise<Record<string, number>> => {
  const { rows } = await ctx.pool.query<{ status: string; n: number }>(
    'select status, count(*) as n from sends where campaign_id = $1 group by 1',
    [campaignId],
  )
  return Object.fromEntries(rows.map((r) => [r.status, r.n]))
}
const campaignStatus = async (id: string): Promise<string> =>
  (await ctx.pool.query<{ status: string }>('select status from campaigns where id = $1', [id])).rows[0]!.status
const count = async (sql: string, values: unknown[] = []): Promise<number> =>
  (await ctx.pool.query<{ n: number }>(`select count(*) as n from ${sql}`, values)).rows[0]!.n
const until = async (check: () => Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 400; i++) {
    if (await check()) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('it did not happen')
}
const overSmtp = async (
  faults: SinkFaults,
  run: (sink: Awaited<ReturnType<typeof startSmtpSink>>) => Promise<void>,
): Promise<void> => {
  const sink = await startSmtpSink({ faults, keep: true })
  await addProvider(ctx, systemActor, smtpProvider(sink.port))
  await setChannels({ email: { mode: 'live' } })
  try {
    await run(sink)
  } finally {
    await setChannels({})
    await ctx.pool.query('delete from channel_providers')
    await sink.close()
  }
}
const setChannels = async (value: object): Promise<void> => {
  await ctx.pool.query(
    `insert into settings (name, value) values ('channels', $1) on conflict (name) do update set value = excluded.value`,
    [JSON.stringify(value)],
  )
  await ctx.channels.close()
}

test('five hundred messages all reach the sandbox, once, with their events, and the campaign is done', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 500, now)
  const { sent } = await dispatchOnce(ctx, { campaignId })
  expect(sent).toBe(500)
  expect(await statuses(campaignId)).toEqual({ delivered: 500 })
  expect(
    await count('sandbox_messages as m join sends as s on s.id = m.send_id where s.campaign_id = $1', [campaignId]),
  ).toBe(500)
  expect(await count(`analytics_events where campaign_id = $1 and event_type = 'sent'`, [campaignId])).toBe(500)
  expect(
    await count(
      `delivery_attempts as a join sends as s on s.id = a.send_id where s.campaign_id = $1 and a.outcome = 'accepted'`,
      [campaignId],
    ),
  ).toBe(500)
  expect(await count(`every_action as a where a.campaign_id = $1 and a.status = 'sent'`, [campaignId])).toBe(500)
  expect(await count('send_batches where closed_at is null')).toBe(0)
  expect(await campaignStatus(campaignId)).toBe('completed')
})

test('two dispatchers at once send nothing twice', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 400, now)
  await overSmtp({}, async (sink) => {
    const sent = await Promise.all([dispatchOnce(ctx, { campaignId }), dispatchOnce(ctx, { campaignId })])
    expect(sent[0].sent + sent[1].sent).toBe(400)
    expect(sink.accepted).toBe(400)
    expect([...sink.copies.values()].every((n) => n === 1)).toBe(true)
    expect(sink.messages[0]!.raw).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
  })
  expect(await statuses(campaignId)).toEqual({ sent: 400 })
})

test('who opts out while the message is claimed does not get it', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 40, now)
  const { rows } = await ctx.pool.query<{ id: string; customer_id: string; recipient: string }>(
    'select id, customer_id, recipient from sends where campaign_id = $1 order by due_at, id limit 3',
    [campaignId],
  )
  const [noConsent, suppressed, erased] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]]
  // The gate has just looked at the suppressions when this comes: the attempt has not begun.
  let changed = false
  const change = async (): Promise<void> => {
    changed = true
    await ctx.pool.query(`update customers set email_consent = 'denied' where id = $1`, [noConsent.customer_id])
    await withTx(ctx.pool, (tx) =>
      closeAddresses(
        tx,
        ctx.config,
        [
          {
            channel: 'email',
            address: suppressed.recipient,
            customerId: null,
            sendId: null,
            reason: 'unsubscribe',
            at: now,
          },
        ],
        { source: 'test' },
      ),
    )
    await ctx.pool.query('update customers set deleted_at = now() where id = $1', [erased.customer_id])
  }
  const pool = new Proxy(ctx.pool, {
    get(target, name) {
      if (name !== 'query') return Reflect.get(target, name, target)
      return async (...args: [string | { text: string }, unknown[]?]) => {
        const answer: unknown = await target.query(args[0] as string, args[1])
        const text = typeof args[0] === 'string' ? args[0] : args[0].text
        if (!changed && text.includes('from suppressions')) await change()
        return answer
      }
    },
  })
  await dispatchOnce({ ...ctx, pool }, { campaignId })
  expect(changed).toBe(true)
  expect(await statuses(campaignId)).toEqual({ delivered: 37, skipped: 3 })
  const { rows: refused } = await ctx.pool.query<{ refused_by: string }>(
    `select refused_by from sends where campaign_id = $1 and status = 'skipped'`,
    [campaignId],
  )
  expect(refused.map((r) => r.refused_by).sort()).toEqual([
    'person-consent-email',
    'person-erased',
    'person-suppressed',
  ])
  expect(await count('sandbox_messages where send_id = any($1)', [rows.map((r) => r.id)])).toBe(0)
})

test('the gate is asked again when a message is claimed', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 4, now)
  const { rows } = await ctx.pool.query<{ customer_id: string }>(
    'select customer_id from sends where campaign_id = $1 order by id',
    [campaignId],
  )
  await ctx.pool.query(`update customers set age_status = 'under_age' where id = $1`, [rows[0]!.customer_id])
  await ctx.pool.query(`update customers set email_consent = 'denied' where id = $1`, [rows[1]!.customer_id])
  await dispatchOnce(ctx, { campaignId })
  const { rows: refused } = await ctx.pool.query<{ refused_by: string }>(
    `select refused_by from sends where campaign_id = $1 and status = 'skipped' order by 1`,
    [campaignId],
  )
  expect(refused.map((r) => r.refused_by)).toEqual(['person-consent-email', 'us-legal-age'])
})

test('outside the contact hours a message waits for the next window', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 2, now, { channel: 'sms' })
  const night = new Date('2026-11-19T04:30:00Z')
  const before = now
  now = night
  try {
    await dispatchOnce(ctx, { campaignId })
    const { rows } = await ctx.pool.query<{ status: string; due_at: Date }>(
      'select status, due_at from sends where campaign_id = $1',
      [campaignId],
    )
    expect(rows.every((r) => r.status === 'pending' && r.due_at > night)).toBe(true)
  } finally {
    now = before
  }
  await ctx.pool.query(`update campaigns set status = 'cancelled' where id = $1`, [campaignId])
})

test('pause stops within a second and resume goes on', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 600, now)
  await setChannels({ email: { rate_per_minute: 12_000 } })
  const stop = new AbortController()
  const running = runDispatcher(ctx, { signal: stop.signal, campaignId })
  await until(async () => ((await statuses(campaignId))['delivered'] ?? 0) > 20)
  await ctx.pool.query(`update campaigns set status = 'paused' where id = $1`, [campaignId])
  await ctx.bus.publish(`campaign.${campaignId}`, { id: campaignId, status: 'paused' })
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const afterPause = (await statuses(campaignId))['delivered']!
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect((await statuses(campaignId))['delivered']).toBe(afterPause)
  expect(afterPause).toBeLessThan(600)
  await setChannels({})
  await ctx.pool.query(`update campaigns set status = 'active' where id = $1`, [campaignId])
  await ctx.bus.publish(`campaign.${campaignId}`, { id: campaignId, status: 'active' })
  await until(async () => (await statuses(campaignId))['delivered'] === 600)
  stop.abort()
  await running
})

test('a worker that is told to stop finishes what is in flight and gives the rest back', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 300, now)
  await overSmtp({}, async (sink) => {
    sink.latencyMs = 40
    const stop = new AbortController()
    const running = runDispatcher(ctx, { signal: stop.signal, campaignId })
    await until(async () => sink.accepted > 20)
    stop.abort()
    await running
    const { sent, pending, ...rest } = await statuses(campaignId)
    expect(rest).toEqual({})
    expect(sent! + pending!).toBe(300)
    expect(sink.accepted).toBe(sent)
    expect(await count('send_batches where closed_at is null')).toBe(0)
    await dispatchOnce(ctx, { campaignId })
    expect(sink.copies.size).toBe(300)
    expect(sink.accepted).toBe(300)
  })
})

test('a dead mailbox is suppressed, a delay is tried again, silence after the body stays unknown', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 6, now)
  const { rows } = await ctx.pool.query<{ id: string; recipient: string }>(
    'select id, recipient from sends where campaign_id = $1 order by id',
    [campaignId],
  )
  const [dead, late, policy] = rows.map((r) => r.recipient)
  let delays = 2
  await overSmtp(
    {
      rcptReply: (to) =>
        to === dead ? '550 5.1.1 no such user' : to === late && delays-- > 0 ? '451 4.7.1 later' : null,
      dataReply: (to) => (to === policy ? '554 5.7.1 policy' : null),
    },
    async (sink) => {
      const clock = setInterval(() => (now = new Date(now.getTime() + 2000)), 100)
      await dispatchOnce(ctx, { campaignId })
      clearInterval(clock)
      expect(sink.accepted).toBe(4)
    },
  )
  expect(await statuses(campaignId)).toEqual({ sent: 4, failed: 2 })
  expect(await count(`suppressions where reason = 'hard_bounce'`)).toBe(1)
  const { rows: lateAttempts } = await ctx.pool.query<{ outcome: string }>(
    'select a.outcome from delivery_attempts as a where a.send_id = $1 order by a.attempt',
    [rows[1]!.id],
  )
  expect(lateAttempts.map((a) => a.outcome)).toEqual(['deferred', 'deferred', 'accepted'])

  const second = await simCampaign(ctx.pool, 5, now)
  await overSmtp({ dropAfterData: 1 }, async (sink) => {
    await dispatchOnce(ctx, { campaignId: second.campaignId })
    expect(await statuses(second.campaignId)).toEqual({ unknown: 5 })
    expect(sink.accepted).toBe(5)
    // A person decides to repeat one: same Message-ID, so the receiver can tell.
    sink.faults = {}
    const [one] = (
      await ctx.pool.query<{ id: string }>('select id from sends where campaign_id = $1 limit 1', [second.campaignId])
    ).rows
    await resend(ctx, systemActor, one!.id)
    await dispatchOnce(ctx, { campaignId: second.campaignId })
    expect(sink.copies.get(`<${one!.id}@cornercellars.test>`)).toBe(2)
    expect(await statuses(second.campaignId)).toEqual({ unknown: 4, sent: 1 })
    await expect(resend(ctx, systemActor, one!.id)).rejects.toThrow(/only failed and unknown/)
  })
})

test('a provider that is away costs no message a chance', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 60, now)
  await overSmtp({ dropAtConnect: 1 }, async (sink) => {
    setTimeout(() => (sink.faults = {}), 1500)
    const clock = setInterval(() => (now = new Date(now.getTime() + 1000)), 100)
    await dispatchOnce(ctx, { campaignId })
    clearInterval(clock)
    expect(sink.copies.size).toBe(60)
    expect(sink.accepted).toBe(60)
    expect(sink.connections).toBeLessThan(250)
  })
  expect(await statuses(campaignId)).toEqual({ sent: 60 })
})

test('what a dead worker held goes on at once: not begun is sent, begun is looked up or left unknown', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 10, now)
  const dead = await startLiveness(ctx)
  const claimed = await claimBatch(ctx, dead, 'email', { id: campaignId, since: new Date(0) }, 10, null)
  const [taken, notTaken] = claimed as [(typeof claimed)[0], (typeof claimed)[0]]
  for (const send of [taken, notTaken]) {
    await ctx.pool.query(
      `insert into delivery_attempts (send_id, batch_id, attempt, provider, message_id) values ($1, $2, 1, 'sandbox', $3)`,
      [send.id, send.batch_id, `<${send.id}@cornercellars.test>`],
    )
  }
  await ctx.pool.query(
    `insert into sandbox_messages (send_id, message_id, channel, sender, recipient, body_text) values ($1, $2, 'email', 'a', 'b', 'c')`,
    [taken.id, `<${taken.id}@cornercellars.test>`],
  )
  const alive = await startLiveness(ctx)
  // The embedded server of the tests may be younger than the grace after a restart.
  await until(
    async () => (await count(`(select 1) as x where pg_postmaster_start_time() < now() - interval '3 seconds'`)) === 1,
  )
  expect(await reclaimBatches(ctx, alive)).toMatchObject({ batches: 0 })
  await dead.stop()
  await until(async () => (await reclaimBatches(ctx, alive)).batches === 1)
  expect(await statuses(campaignId)).toEqual({ delivered: 1, pending: 9 })
  await alive.stop()
  await dispatchOnce(ctx, { campaignId })
  expect(await statuses(campaignId)).toEqual({ delivered: 10 })
  expect(await count(`analytics_events where event_type = 'sent' and campaign_id = $1`, [campaignId])).toBe(10)
})

test('a missed window moves to the same hours of the next day, and ends with the campaign', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 2, now)
  await ctx.pool.query(
    `update sends set due_at = '2026-10-31T14:00:00Z', window_end = '2026-10-31T18:00:00Z' where campaign_id = $1`,
    [campaignId],
  )
  await ctx.pool.query(`update campaigns set start_date = '2026-10-30', end_date = '2026-11-02' where id = $1`, [
    campaignId,
  ])
  const before = now
  now = new Date('2026-10-31T18:30:00Z')
  await rollWindows(ctx)
  // the clocks go back that night: ten in the morning stays ten in the morning
  const { rows } = await ctx.pool.query<{ due_at: Date; status: string }>(
    'select due_at, status from sends where campaign_id = $1',
    [campaignId],
  )
  expect(rows[0]).toEqual({ due_at: new Date('2026-11-01T15:00:00Z'), status: 'pending' })
  now = new Date('2026-11-03T20:00:00Z')
  await rollWindows(ctx)
  now = before
  expect(await statuses(campaignId)).toEqual({ skipped: 2 })
})

test('a message that cannot be built fails alone', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 4, now)
  const { rows } = await ctx.pool.query<{ id: string }>('select id from sends where campaign_id = $1 limit 2', [
    campaignId,
  ])
  await ctx.pool.query(`update sends set recipient = E'a@b.test\\r\\nBcc: x@y.test' where id = $1`, [rows[0]!.id])
  // This one is found out only while it is handed over; it is known all the same that nothing left.
  await ctx.pool.query(
    `update sends set variables = jsonb_set(variables, '{first_name}', to_jsonb(repeat('x', 3000000))) where id = $1`,
    [rows[1]!.id],
  )
  await dispatchOnce(ctx, { campaignId })
  expect(await statuses(campaignId)).toEqual({ failed: 2, delivered: 2 })
})
