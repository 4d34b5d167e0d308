import { expect, test } from 'vitest'
import { withTx } from '#db/pool.ts'
import { findOrphans, lockLedger } from './ledger-parents.ts'
import { testContext } from '#test/context.ts'

const { pool } = await testContext()
const one = async (text: string, args: unknown[] = []): Promise<string> =>
  (await pool.query<{ id: string }>(text, args)).rows[0]!.id

async function message(): Promise<Record<'customer' | 'campaign' | 'offer' | 'template' | 'action' | 'send', string>> {
  const customer = await one(`insert into customers (email) values (gen_random_uuid() || '@example.com') returning id`)
  const campaign = await one(`insert into campaigns (name, type, start_date, end_date, engine, status, target_segments) values ('c', 'weekly_plan', '2026-11-30', '2026-12-06', 'manual', 'active', '{}') returning id`)
  const offer = await one(`insert into offers (key, title, kind) values (gen_random_uuid(), 'o', 'content') returning id`)
  const template = await one(`insert into message_templates (key, name, channel, category, subject_template, body_html_template, body_text_template) values (gen_random_uuid(), 't', 'email', 'discovery', 's', 'h', 't') returning id`)
  const action = await one(
    `insert into actions (campaign_id, customer_id, segment, priority_score, reason, offer_id, offer, template_id, scheduled_date, status) values ($1, $2, 's', 1, 'r', $3, '{}', $4, '2026-12-01', 'pending') returning id`,
    [campaign, customer, offer, template],
  )
  const send = await one(
    `insert into sends (action_id, customer_id, campaign_id, channel, recipient, template_id, due_at, window_end) values ($1, $2, $3, 'email', 'x', $4, now(), now()) returning id`,
    [action, customer, campaign, template],
  )
  await pool.query('update actions set send_id = $2 where id = $1', [action, send])
  return { customer, campaign, offer, template, action, send }
} // prettier-ignore
const left = async (): Promise<unknown> =>
  (await pool.query('select (select count(*) from actions) as actions, (select count(*) from sends) as sends')).rows[0] // prettier-ignore

test('who goes takes their actions and messages along, as foreign keys did', async () => {
  const none = { actions: 0, sends: 0 }
  await pool.query('delete from customers where id = $1', [(await message()).customer])
  expect(await left()).toEqual(none)
  await pool.query('delete from campaigns where id = $1', [(await message()).campaign])
  expect(await left()).toEqual(none)

  const kept = await message()
  await pool.query('delete from offers where id = $1', [kept.offer])
  await pool.query('delete from message_templates where id = $1', [kept.template])
  const { rows } = await pool.query('select a.offer_id, a.template_id, s.template_id as sent_template from actions as a join sends as s on s.action_id = a.id') // prettier-ignore
  expect(rows).toEqual([{ offer_id: null, template_id: null, sent_template: null }])
  // A message without an action stays for the figures, without the customer.
  await pool.query('update sends set action_id = null')
  await pool.query('update actions set send_id = null')
  await pool.query('delete from customers where id = $1', [kept.customer])
  expect((await pool.query('select customer_id from sends')).rows).toEqual([{ customer_id: null }])
  await pool.query('delete from campaigns where id = $1', [kept.campaign])
  expect(await left()).toEqual(none)
})

const soon = (ms: number): Promise<string> => new Promise((done) => setTimeout(() => done('waits'), ms))

test('a delete waits for whoever writes, and then finds what they wrote', async () => {
  const { customer, campaign } = await message()
  let deleting: Promise<unknown> = Promise.resolve()
  await withTx(pool, async (tx) => {
    await lockLedger(tx)
    await tx.query(
      `insert into actions (campaign_id, customer_id, segment, priority_score, reason, offer, scheduled_date, status) values ($1, $2, 's', 1, 'r', '{}', '2026-12-02', 'pending')`,
      [campaign, customer],
    )
    deleting = pool.query('delete from customers where id = $1', [customer])
    expect(await Promise.race([deleting, soon(300)])).toBe('waits')
  })
  await deleting
  expect(await left()).toEqual({ actions: 0, sends: 0 })
})

test('whoever writes waits for a delete, and two who write do not wait for each other', async () => {
  const { customer } = await message()
  let writing: Promise<unknown> = Promise.resolve()
  await withTx(pool, async (tx) => {
    await tx.query('delete from customers where id = $1', [customer])
    writing = withTx(pool, lockLedger)
    expect(await Promise.race([writing, soon(300)])).toBe('waits')
  })
  await writing
  await withTx(pool, async (tx) => {
    await lockLedger(tx)
    await withTx(pool, lockLedger)
  })
})

test('rows without a parent are found', async () => {
  expect(await findOrphans(pool)).toEqual({})
  const { customer, action } = await message()
  await pool.query('update actions set customer_id = gen_random_uuid(), offer_id = gen_random_uuid()')
  await pool.query('update sends set template_id = gen_random_uuid(), action_id = gen_random_uuid()')
  expect(await findOrphans(pool)).toEqual({
    'actions of customers': 1,
    'actions of offers': 1,
    'messages of actions': 1,
    'messages of templates': 1,
  })
  expect([customer, action].every(Boolean)).toBe(true)
})

test('the release before writes and finds the message of an action under the old name', async () => {
  const { action, send } = await message()
  await pool.query('update actions set send_id = null where id = $1', [action])
  await pool.query(`insert into send_keys (action_id, channel, send_id) values ($1, 'email', $2)`, [action, send])
  const { rows } = await pool.query('select a.send_id, k.send_id as key from actions as a join send_keys as k on k.action_id = a.id where a.id = $1', [action]) // prettier-ignore
  expect(rows).toEqual([{ send_id: send, key: send }])
})
