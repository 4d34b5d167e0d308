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

/** What the turns say about a batch. */
const begunIn = async (
  batchId: string,
): Promise<{ send_id: string; finished_at: Date | null; reply: string | null }[]> =>
  (
    await ctx.pool.query<{ send_id: string; finished_at: Date | null; reply: string | null }>(
      'select b.send_id, b.finished_at, b.provider_message_id as reply from begun_in($1) as b',
      [batchId],
    )
  ).rows
const writer = '00000000-0000-4000-8000-00000000000a'

test('a result is in a turn when the slot goes on, and in attempt, send, event and sums a moment later', async () => {
  const { campaignId, worker, sends } = await claim(600)
  const settled: string[] = []
  const commit = createGroupCommit(ctx, (all) => settled.push(...all.flatMap((m) => Array<string>(m.n).fill(m.status))))
  expect(new Set(await Promise.all(sends.map((s) => commit.start(startOf(s)))))).toEqual(new Set(['go']))
  await Promise.all(sends.map((s) => commit.finish(acceptanceOf(s))))
  const noted = await begunIn(sends[0]!.batch_id)
  expect(noted.filter((n) => n.finished_at && n.reply === '2.0.0  taken')).toHaveLength(600)
  commit.close(sends[0]!.batch_id)
  await commit.idle()
  const { rows } = await ctx.pool.query<{ n: number }>(
    `select count(*) as n from delivery_attempts as a where a.batch_id = $1 and a.attempt = 1 and a.outcome = 'accepted' and a.provider = 'smtp'
       and a.provider_message_id = '2.0.0  taken' and a.message_id = '<' || a.send_id || '@cornercellars.test>' and a.started_at > now() - interval '1 minute'`,
    [sends[0]!.batch_id],
  )
  expect(rows[0]!.n).toBe(600)
  expect(await begunIn(sends[0]!.batch_id)).toEqual([])
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
  const first = await writeTurn(ctx.pool, { writer, turn: 1 }, [], [plain, delivered, begun].map(startOf), now)
  expect([...first.verdicts.values()]).toEqual(['go', 'go', 'go'])
  const accepted = [plain, delivered].map((s) => ({
    sendId: s.id,
    batchId: s.batch_id,
    providerMessageId: 'x-1',
    isDelivered: s === delivered,
  }))
  expect((await writeTurn(ctx.pool, { writer, turn: 2 }, accepted, [], now)).away.size).toBe(0)
  // The answer may get lost: said again it changes nothing.
  await writeTurn(ctx.pool, { writer, turn: 2 }, accepted, [], now)
  expect((await begunIn(plain.batch_id)).map((b) => b.reply)).toEqual(['x-1', 'x-1', null])
  expect(await statuses(campaignId)).toEqual({ pending: 5 })
  await worker.stop()
  for (let i = 0; i < 200 && (await reclaimBatches(ctx, alive)).batches === 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 25))
  expect(await statuses(campaignId)).toEqual({ sent: 1, delivered: 1, unknown: 1, pending: 2 })
  expect(await events(campaignId)).toEqual({ sent: 2, delivered: 1 })
  const again = await withTx(ctx.pool, (tx) =>
    settleAccepted(
      tx,
      [plain, delivered].map((s) => ({
        sendId: s.id,
        batchId: s.batch_id,
        provider: 'smtp',
        messageId: null,
        startedAt: now,
        finishedAt: now,
        providerMessageId: 'x-2',
        isDelivered: false,
        segment: null,
      })),
      { isFirst: false },
    ),
  )
  expect(again).toEqual([])
  const { rows: attempts } = await ctx.pool.query(
    'select a.attempt, a.outcome, a.provider_message_id as reply from delivery_attempts as a where a.batch_id = $1 order by a.outcome, a.send_id',
    [plain.batch_id],
  )
  expect(attempts).toEqual([
    { attempt: 1, outcome: 'accepted', reply: 'x-1' },
    { attempt: 1, outcome: 'accepted', reply: 'x-1' },
    { attempt: 1, outcome: 'unknown', reply: null },
  ])
  const { rows: turns } = await ctx.pool.query('select 1 from dispatch_turns as t where t.writer = $1', [writer])
  expect(turns).toEqual([])
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

test('one that was tried before, whatever its count of retries says, holds up nobody in its lot', async () => {
  const { campaignId, worker, sends } = await claim(3)
  await ctx.pool.query(
    `insert into delivery_attempts (send_id, batch_id, attempt, provider, outcome, started_at, finished_at) values ($1, $2, 1, 'smtp', 'deferred', now(), now())`,
    [sends[1]!.id, '00000000-0000-4000-8000-0000000000bb'],
  )
  const commit = createGroupCommit(ctx, () => undefined)
  await Promise.all(sends.map((s) => commit.start(startOf(s))))
  await Promise.all(sends.map((s) => commit.finish(acceptanceOf(s))))
  await commit.end()
  expect(await statuses(campaignId)).toEqual({ sent: 3 })
  expect(await events(campaignId)).toEqual({ sent: 3 })
  const { rows } = await ctx.pool.query(
    `select a.attempt, a.outcome, count(*)::int as n from delivery_attempts as a where a.send_id = any($1::uuid[]) group by 1, 2 order by 1, 2`,
    [sends.map((s) => s.id)],
  )
  expect(rows).toEqual([
    { attempt: 1, outcome: 'accepted', n: 2 },
    { attempt: 1, outcome: 'deferred', n: 1 },
    { attempt: 2, outcome: 'accepted', n: 1 },
  ])
  await worker.stop()
})

test('a turn that is written again after a lost answer says what it said first', async () => {
  const { campaignId, worker, sends } = await claim(3)
  const key = { writer, turn: 10 }
  await ctx.pool.query(`update campaigns set status = 'paused' where id = $1`, [campaignId])
  const first = await writeTurn(ctx.pool, key, [], sends.map(startOf), now)
  expect([...first.verdicts.values()]).toEqual(['paused', 'paused', 'paused'])
  await ctx.pool.query(`update campaigns set status = 'active' where id = $1`, [campaignId])
  expect(await writeTurn(ctx.pool, key, [], sends.map(startOf), now)).toEqual(first)
  expect(await begunIn(sends[0]!.batch_id)).toEqual([])
  await worker.stop()
})

test('one turn tells apart who may go, who said no, who is gone and whose batch was taken away', async () => {
  const { worker, sends } = await claim(5)
  const [fine, denied, closed, erased, stranger] = sends as [
    ClaimedSend,
    ClaimedSend,
    ClaimedSend,
    ClaimedSend,
    ClaimedSend,
  ]
  await ctx.pool.query(`update customers set email_consent = 'denied' where id = $1`, [denied.customer_id])
  await ctx.pool.query(
    `insert into suppressions (channel, address_hash, reason) values ('email', $1, 'complaint'), ('sms', $2, 'complaint')`,
    [closed.address_hash, fine.address_hash],
  )
  await ctx.pool.query(`update customers set deleted_at = now() where id = $1`, [erased.customer_id])
  const missing = { ...startOf(stranger), sendId: '01a21992-327d-7ec4-b8be-cff94d88eda8' }
  const away = { ...startOf(stranger), batchId: '00000000-0000-4000-8000-0000000000aa' }
  const { verdicts, away: gone } = await writeTurn(
    ctx.pool,
    { writer, turn: 20 },
    [],
    [...[fine, denied, closed, erased].map(startOf), missing, away],
    now,
  )
  expect([...verdicts.values()]).toEqual(['go', 'person-consent', 'person-suppressed', 'person-erased', 'lost', 'lost'])
  expect(gone).toEqual(new Set([away.batchId]))
  expect((await begunIn(fine.batch_id)).map((b) => b.send_id)).toEqual([fine.id])
  await worker.stop()
})

test('the release before, which knows no turns, finds the attempts of a dead batch all the same', async () => {
  const { campaignId, worker, sends } = await claim(4)
  const [taken, begun] = sends as [ClaimedSend, ClaimedSend]
  await writeTurn(ctx.pool, { writer, turn: 30 }, [], [taken, begun].map(startOf), now)
  const acceptance = { sendId: taken.id, batchId: taken.batch_id, providerMessageId: null, isDelivered: false }
  await writeTurn(ctx.pool, { writer, turn: 31 }, [acceptance], [], now)
  // As its sweep ends when it has found no attempts.
  const close = (): Promise<{ rows: { closed: boolean }[] }> =>
    ctx.pool.query(
      `update send_batches set send_ids = '{}', leased_until = now(), closed_at = now() where id = $1 returning closed_at is not null as closed`,
      [taken.batch_id],
    )
  expect((await close()).rows).toEqual([{ closed: false }])
  const { rows } = await ctx.pool.query(
    'select a.outcome from delivery_attempts as a where a.batch_id = $1 order by a.outcome',
    [taken.batch_id],
  )
  expect(rows).toEqual([{ outcome: 'accepted' }, { outcome: null }])
  await worker.stop()
  for (let i = 0; i < 200 && (await reclaimBatches(ctx, alive)).batches === 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 25))
  expect(await statuses(campaignId)).toEqual({ sent: 1, unknown: 1, pending: 2 })
})
