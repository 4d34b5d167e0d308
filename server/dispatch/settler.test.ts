import { beforeAll, expect, test } from 'vitest'
import type { DeliveryEvent } from '#contract/feedback.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '#server/context.ts'
import { simCampaign } from '#sim/campaign.ts'
import { testContext } from '#test/context.ts'
import { seedTemplates } from '../delivery/templates.ts'
import { applyEvents } from '../feedback/ingest.ts'
import { claimBatch, type ClaimedSend } from './claim.ts'
import { createGroupCommit, type GroupCommit } from './group-commit.ts'
import type { ResultItem } from './ledger.ts'
import { startLiveness, type Worker } from './liveness.ts'
import { settleAccepted } from './settle-accepted.ts'
import { reclaimBatches } from './sweep.ts'
import { writeTurn } from './turn.ts'

const now = new Date('2026-11-18T17:00:00Z')
let ctx: Ctx
let alive: Worker
beforeAll(async () => {
  ctx = await testContext({ clock: () => now })
  await seedTemplates(ctx)
  alive = await startLiveness(ctx)
  return () => alive.stop()
})

const statuses = async (campaignId: string): Promise<Record<string, number>> => {
  const { rows } = await ctx.pool.query<{ status: string; n: number }>(
    'select status, count(*) as n from sends where campaign_id = $1 group by 1',
    [campaignId],
  )
  return Object.fromEntries(rows.map((r) => [r.status, r.n]))
}
const events = async (campaignId: string): Promise<Record<string, number>> => {
  const { rows } = await ctx.pool.query<{ type: string; n: number; sum: number }>(
    `select e.event_type as type, count(*) as n, (select sum(r.events)::bigint from rollup_hourly as r where r.campaign_id = $1 and r.event_type = e.event_type) as sum
     from analytics_events as e where e.campaign_id = $1 group by 1`,
    [campaignId],
  )
  for (const { n, sum } of rows) expect(sum).toBe(n)
  return Object.fromEntries(rows.map((r) => [r.type, r.n]))
}
const startOf = (send: ClaimedSend): Parameters<GroupCommit['start']>[0] => ({
  sendId: send.id,
  batchId: send.batch_id,
  channel: 'email',
  addressHash: send.address_hash,
  provider: 'smtp',
  messageId: `<${send.id}@cornercellars.test>`,
})
const acceptanceOf = (send: ClaimedSend): ResultItem => ({
  sendId: send.id,
  batchId: send.batch_id,
  status: 'sent',
  outcome: 'accepted',
  code: null,
  detail: null,
  provider: 'smtp',
  providerMessageId: '2.0.0\u0000 taken',
  refusedBy: null,
  dueAt: null,
  windowEnd: null,
  retryCount: 0,
  segment: 'Promising',
  at: now,
  deadAddress: null,
})
const claim = async (count: number): Promise<{ campaignId: string; worker: Worker; sends: ClaimedSend[] }> => {
  const { campaignId } = await simCampaign(ctx.pool, count, now)
  const worker = await startLiveness(ctx)
  return {
    campaignId,
    worker,
    sends: await claimBatch(ctx, worker, 'email', { id: campaignId, since: new Date(0) }, count, null),
  }
}
const reported = (send: ClaimedSend, kind: 'delivered' | 'opened'): DeliveryEvent =>
  ({
    kind,
    send_id: send.id,
    at: now,
    provider: 'smtp',
    event_id: `${kind}${send.id}`,
    machine: false,
    user_agent: null,
    code: null,
    detail: null,
  }) as unknown as DeliveryEvent

test('a result is in its attempt when the slot goes on, and in send, event and sums a moment later', async () => {
  const { campaignId, worker, sends } = await claim(600)
  const settled: string[] = []
  const commit = createGroupCommit(ctx, (all) => settled.push(...all.map((s) => s.status)))
  expect(new Set(await Promise.all(sends.map((s) => commit.start(startOf(s)))))).toEqual(new Set(['go']))
  await Promise.all(sends.map((s) => commit.finish(acceptanceOf(s))))
  const { rows } = await ctx.pool.query<{ n: number }>(
    `select count(*) as n from delivery_attempts as a where a.batch_id = $1 and a.outcome = 'accepted' and a.provider_message_id = '2.0.0  taken'`,
    [sends[0]!.batch_id],
  )
  expect(rows[0]!.n).toBe(600)
  commit.close(sends[0]!.batch_id)
  await commit.idle()
  expect(settled).toHaveLength(600)
  expect(await statuses(campaignId)).toEqual({ sent: 600 })
  expect(await events(campaignId)).toEqual({ sent: 600 })
  const { rows: open } = await ctx.pool.query(
    'select 1 from send_batches as b where b.id = $1 and b.closed_at is null',
    [sends[0]!.batch_id],
  )
  expect(open).toHaveLength(0)
  await commit.end()
  await worker.stop()
})

test('what a dead worker had handed over is said by whoever takes its batch over, once', async () => {
  const { campaignId, worker, sends } = await claim(5)
  const [plain, delivered, begun] = sends as [ClaimedSend, ClaimedSend, ClaimedSend]
  expect((await writeTurn(ctx.pool, [], [plain, delivered, begun].map(startOf), now)).verdicts.size).toBe(3)
  const accepted = [plain, delivered].map((s) => ({
    sendId: s.id,
    batchId: s.batch_id,
    providerMessageId: 'x-1',
    isDelivered: s === delivered,
  }))
  expect((await writeTurn(ctx.pool, accepted, [], now)).accepted).toEqual(new Set([plain.id, delivered.id]))
  // The answer may get lost: said again it changes nothing.
  expect((await writeTurn(ctx.pool, accepted, [], now)).accepted.size).toBe(0)
  expect(await statuses(campaignId)).toEqual({ pending: 5 })
  await worker.stop()
  for (let i = 0; i < 200 && (await reclaimBatches(ctx, alive)).batches === 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 25))
  expect(await statuses(campaignId)).toEqual({ sent: 1, delivered: 1, unknown: 1, pending: 2 })
  expect(await events(campaignId)).toEqual({ sent: 2, delivered: 1 })
  const again = await withTx(ctx.pool, (tx) =>
    settleAccepted(
      tx,
      [plain, delivered].map((s) => ({ sendId: s.id, segment: null })),
    ),
  )
  expect(again).toEqual([])
  const { rows } = await ctx.pool.query<{ provider_message_id: string; provider: string }>(
    'select s.provider, s.provider_message_id from sends as s where s.id = $1',
    [plain.id],
  )
  expect(rows[0]).toEqual({ provider: 'smtp', provider_message_id: 'x-1' })
})

test.each(['delivered', 'opened'] as const)(
  'a report (%s) that overtakes the ledger: sent is counted once',
  async (kind) => {
    const { campaignId, worker, sends } = await claim(1)
    const commit = createGroupCommit(ctx, () => undefined)
    await commit.start(startOf(sends[0]!))
    await commit.finish(acceptanceOf(sends[0]!))
    await withTx(ctx.pool, (tx) => applyEvents(ctx, tx, [reported(sends[0]!, kind)]))
    await commit.end()
    expect(await statuses(campaignId)).toEqual({ delivered: 1 })
    expect(await events(campaignId)).toMatchObject({ sent: 1 })
    await worker.stop()
  },
)

test('an acceptance that comes after the batch was taken away corrects what was said without it', async () => {
  const { campaignId, worker, sends } = await claim(2)
  const commit = createGroupCommit(ctx, () => undefined)
  await Promise.all(sends.map((s) => commit.start(startOf(s))))
  await ctx.pool.query(`update send_batches set leased_until = now() - interval '1 second' where id = $1`, [
    sends[0]!.batch_id,
  ])
  await reclaimBatches(ctx, alive)
  expect(await statuses(campaignId)).toEqual({ unknown: 2 })
  await commit.finish(acceptanceOf(sends[0]!))
  expect(await statuses(campaignId)).toEqual({ unknown: 1, sent: 1 })
  await commit.end()
  expect(await events(campaignId)).toEqual({ sent: 1 })
  await worker.stop()
})
