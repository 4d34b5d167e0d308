import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Assignment } from '#core/planning/assign.ts'
import { noOffer } from '#core/planning/offer.ts'
import type { PlanEntry } from '#core/planning/plan.ts'
import { withTx } from '#db/pool.ts'
import { simCampaign } from '#sim/campaign.ts'
import { testContext } from '#test/context.ts'
import { moveRows } from '../customer-merge-rows.ts'
import { seedTemplates } from '../delivery/templates.ts'
import { claimBatch } from '../dispatch/claim.ts'
import { startLiveness } from '../dispatch/liveness.ts'
import { lockLedger } from '../ledger-parents.ts'
import { createActionWriter } from './action-rows.ts'
import type { AudienceMember } from './audience.ts'
import type { Shelf } from './shelf.ts'

// Messages that are their own action (docs/decisions/0044).
const now = new Date('2026-11-25T18:00:00Z')
const ctx = await testContext({ clock: () => now })
await seedTemplates(ctx)
const all = async <T extends object>(sql: string, values: unknown[] = []): Promise<T[]> =>
  (await ctx.pool.query<T>(sql, values)).rows
const one = async <T extends object>(sql: string, values: unknown[] = []): Promise<T> => (await all<T>(sql, values))[0]!

const shelf: Shelf = { byId: new Map(), byCategory: new Map(), byDepartment: new Map() }
const entry = (id: string, day: string): PlanEntry =>
  ({
    id,
    day,
    segment: 'loyal',
    channel: 'email',
    offer: { ...noOffer, id: randomUUID(), key: 'picks', title: `Picks of ${day}` },
    template_id: null,
    window: { start: '09:00', end: '20:00' },
    reach: 4,
    score: 10,
  }) as unknown as PlanEntry
const entries = [entry('tue', '2026-12-01'), entry('wed', '2026-12-02')]

async function customers(count: number): Promise<AudienceMember[]> {
  const rows = await all<{ id: string; email: string }>(
    `insert into customers (email, first_name) select gen_random_uuid() || '@example.com', 'Jo ' || g from generate_series(1, $1::int) as g returning id, email`,
    [count],
  )
  return rows.map(
    ({ id, email }, i) =>
      ({
        id,
        email,
        first_name: `Jo ${i + 1}`,
        primary_category: i % 2 ? 'Rye' : 'Gin',
        held_out_of_all: false,
        customer: { store: { id: 'shop' }, group: 'calm.mild.rested' },
      }) as unknown as AudienceMember,
  )
}
const campaign = async (): Promise<string> =>
  (
    await one<{ id: string }>(
      `insert into campaigns (name, status, start_date, end_date) values ('Week', 'active', '2026-11-30', '2026-12-06') returning id`,
    )
  ).id
const meant = (place: number, outcome: Assignment['outcome'] = 'pending'): Assignment => ({
  entry: entries[place]!,
  outcome,
  verdict: null,
  due_at: new Date(`${entries[place]!.day}T18:00:00Z`),
  window_end: new Date(`${entries[place]!.day}T20:00:00Z`),
})
const write = (id: string, isFirst: boolean, decided: readonly (readonly [AudienceMember, Assignment])[]) =>
  withTx(ctx.pool, async (tx) => {
    await lockLedger(tx)
    const texts = {
      offer: (entryId: string) => ({ title: `Picks for ${entryId}` }),
      copy: () => ({}),
    }
    const writer = createActionWriter(tx, id, [{ arm: { key: null, subject: null, entries }, texts }], shelf, now, {
      isFirst,
    })
    for (const [member, assignment] of decided) writer.add(member, assignment, 0)
    await writer.flush()
    return writer.made
  })

test('what many messages say is kept once, and each says all of it', async () => {
  const [id, people] = [await campaign(), await customers(6)]
  const decided = people.flatMap((p) => [[p, meant(0)] as const, [p, meant(1)] as const])
  expect(await write(id, true, decided)).toEqual({ actions: 12, sends: 12, skipped: 0, holdout: 0 })
  expect(await one('select count(*)::int as n from actions where campaign_id = $1', [id])).toEqual({ n: 0 })
  // Two entries, each said to those of two categories.
  const kept = `select (select count(*)::int from campaign_entries where campaign_id = $1) as entries, (select count(*)::int from message_texts where campaign_id = $1) as texts`
  expect(await one(kept, [id])).toEqual({ entries: 2, texts: 4 })
  const said = await all<{ id: string; day: string; name: string; text: Record<string, unknown> }>(
    `select a.customer_id as id, a.scheduled_date as day, c.first_name as name, variables_of(s) as text, a.segment, a.offer
     from every_action as a join sends as s on s.id = a.id join customers as c on c.id = a.customer_id where a.campaign_id = $1`,
    [id],
  )
  expect(said).toHaveLength(12)
  for (const { id: customer, day, name, text, ...rest } of said) {
    const place = entries.findIndex((e) => e.day === day)
    const category = people.find((p) => p.id === customer)!.primary_category
    expect(rest).toEqual({ segment: 'loyal', offer: entries[place]!.offer })
    expect(text).toEqual({
      first_name: name,
      offer: { title: `Picks for ${entries[place]!.id}` },
      products: [],
      reason: `Chosen because you often take home ${category}.`,
    })
  }
  expect(said[0]!.name).toBe(people.find((p) => p.id === said[0]!.id)!.first_name)

  // Adding to it makes nothing twice, and finds what is said already.
  const more = await customers(2)
  const again = await write(id, false, [...decided, [more[0]!, meant(0)], [more[1]!, meant(1, 'holdout')]])
  expect(again).toEqual({ actions: 2, sends: 1, skipped: 0, holdout: 1 })
  expect(await one(kept, [id])).toEqual({ entries: 2, texts: 4 })
  // Whoever is held out that day gets no message of it either.
  expect(await write(id, false, [[more[1]!, meant(1)], [more[0]!, meant(0, 'skipped')]])).toMatchObject({ actions: 0 }) // prettier-ignore
})

test('a start that fails while it writes leaves nothing, and the connection as it was', async () => {
  const [id, people] = [await campaign(), await customers(2)]
  // NUL is no text of PostgreSQL: the COPY is refused after its rows were sent.
  const bad = { ...people[1]!, first_name: 'A\u0000' }
  await expect(write(id, true, [[people[0]!, meant(0)], [bad, meant(0)]])).rejects.toMatchObject({ code: '22P05' }) // prettier-ignore
  // A fault of our own in the middle of it.
  const cut = { ...people[1]!, id: null as unknown as string }
  await expect(write(id, true, [[people[0]!, meant(0)], [cut, meant(0)]])).rejects.toThrow(TypeError) // prettier-ignore
  expect(await one('select count(*)::int as n from sends where campaign_id = $1', [id])).toEqual({ n: 0 })
  expect(await write(id, true, [[people[0]!, meant(0)]])).toMatchObject({ sends: 1 }) // prettier-ignore
})

test('words that are gone stop the message', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 1, now)
  await ctx.pool.query('delete from message_texts where campaign_id = $1', [campaignId])
  const worker = await startLiveness(ctx)
  try {
    const claim = claimBatch(ctx, worker, 'email', { id: campaignId, since: new Date(0) }, 10, null)
    await expect(claim).rejects.toThrow('1 texts or entries of messages are missing.')
  } finally {
    await worker.stop()
  }
})

test('an action that is a message says what became of it', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 9, now)
  const fates = ['pending', 'claimed', 'sent', 'delivered', 'bounced', 'failed', 'unknown', 'skipped', 'cancelled']
  await ctx.pool.query(
    `update sends as s set status = ($2::text[])[x.n] from (select id, row_number() over (order by id) as n from sends where campaign_id = $1) as x where x.id = s.id`,
    [campaignId, fates],
  )
  const found = await all<{ status: string }>('select a.status from every_action as a where a.campaign_id = $1 order by a.id', [campaignId]) // prettier-ignore
  expect(found.map((a) => a.status)).toEqual(['pending', 'pending', 'sent', 'sent', 'sent', 'failed', 'failed', 'skipped', 'skipped']) // prettier-ignore
})

test('messages of both forms are claimed with segment, offer and words; a release that knows one only gets no lease', async () => {
  const { campaignId, templateId } = await simCampaign(ctx.pool, 2, now)
  // As the release before this one wrote it.
  const { id: old } = await one<{ id: string }>(
    `with c as (insert into customers (email, first_name) values ('old@example.com', 'Al') returning id),
       a as (insert into actions (campaign_id, customer_id, segment, priority_score, reason, offer, scheduled_date, status) select $1, c.id, 'Lapsed', 1, 'r', $2, '2026-11-25', 'pending' from c returning id, customer_id)
     insert into sends (action_id, customer_id, campaign_id, channel, recipient, template_id, variables, due_at, window_end)
     select a.id, a.customer_id, $1, 'email', 'old@example.com', $3, '{"first_name": "Al", "offer": {"title": "Old"}}', $4, $4::timestamptz + interval '1 hour' from a returning id`,
    [campaignId, JSON.stringify({ ...noOffer, key: 'old', title: 'Old' }), templateId, now],
  )
  const lease = (form: string): Promise<unknown> =>
    ctx.pool.query(
      `insert into send_batches (campaign_id, worker_id, lock_key, size, leased_until, send_ids${form ? ', lease_form' : ''})
       select $1, 'w', 1, 3, now(), array(select id from sends where campaign_id = $1)${form}`,
      [campaignId],
    )
  await expect(lease('')).rejects.toMatchObject({ code: 'LM001' })

  const worker = await startLiveness(ctx)
  try {
    const claimed = await claimBatch(ctx, worker, 'email', { id: campaignId, since: new Date(0) }, 10, null)
    expect(claimed).toHaveLength(3)
    for (const send of claimed) {
      const isOld = send.id === old
      expect(send.segment).toBe(isOld ? 'Lapsed' : 'Promising')
      expect(send.offer!.title).toBe(isOld ? 'Old' : 'A look at the new shelf')
      expect(send.variables['offer']).toEqual({ title: send.offer!.title })
      expect(send.variables['first_name']).toMatch(isOld ? /^Al$/ : /^Customer [12]$/)
      expect(Object.keys(send)).not.toContain('text_id')
    }
  } finally {
    await worker.stop()
  }
})

test('merging two people: the message of a day on which the other has one is not sent, the others move', async () => {
  const [id, people] = [await campaign(), await customers(2)]
  const [kept, other] = people as [AudienceMember, AudienceMember]
  await write(id, true, [
    [kept, meant(0)],
    [other, meant(0)],
    [other, meant(1)],
  ])
  await withTx(ctx.pool, (tx) => moveRows(tx, kept.id, other.id))
  const sends = await all<{ day: string; status: string; mine: boolean }>(
    `select a.scheduled_date as day, s.status, s.recipient = $2 as mine from every_action as a join sends as s on s.id = a.id
     where a.campaign_id = $1 and a.customer_id = $3 order by 1, 2`,
    [id, kept.email, kept.id],
  )
  expect(sends).toEqual([
    { day: '2026-12-01', status: 'cancelled', mine: false },
    { day: '2026-12-01', status: 'pending', mine: true },
    { day: '2026-12-02', status: 'pending', mine: false },
  ])
})

test('who is removed takes such messages along, and a campaign all that it said', async () => {
  const [id, people] = [await campaign(), await customers(2)]
  await write(id, true, people.map((p) => [p, meant(0)] as const)) // prettier-ignore
  const left = `select (select count(*)::int from sends where campaign_id = $1) as sends, (select count(*)::int from campaign_entries where campaign_id = $1) as entries, (select count(*)::int from message_texts where campaign_id = $1) as texts`
  await ctx.pool.query('delete from customers where id = $1', [people[0]!.id])
  expect(await one(left, [id])).toEqual({ sends: 1, entries: 1, texts: 2 })
  await ctx.pool.query('delete from campaigns where id = $1', [id])
  expect(await one(left, [id])).toEqual({ sends: 0, entries: 0, texts: 0 })
})
