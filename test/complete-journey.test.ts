import { createReadStream, existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { simpleParser } from 'mailparser'
import { afterAll, expect, test } from 'vitest'
import { systemActor } from '#server/audit.ts'
import { dispatchOnce } from '#server/dispatch/dispatcher.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import { createApp } from '#server/http/app.ts'
import { runImport } from '#server/knowledge/import/run.ts'
import { approveCampaign } from '#server/planning/approve.ts'
import { generatePlan } from '#server/planning/generate.ts'
import { startCampaign } from '#server/planning/materialise.ts'
import { scoreCustomers } from '#server/scoring/score.ts'
import { changeSetting } from '#server/settings.ts'
import { createStore } from '#server/settings/stores.ts'
import { withTx } from '#db/pool.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { testContext } from './context.ts'

const file = path.resolve(
  process.env['LIQUOR_AGENT_DATA'] ?? path.join(import.meta.dirname, '../../shared/data'),
  'complete-journey/transactions_sample.csv.gz',
)

// Real purchases of 2,377 households in 2017; they carry no addresses, so each gets one of the example domain.
test.skipIf(!existsSync(file))(
  'real purchases become a compliant week of mail that an SMTP server receives, and answers come back',
  async () => {
    // Monday after the data ends, 9 in the morning: windows are open, nothing depends on when the test runs.
    let base = Date.parse('2018-01-08T14:00:00Z')
    const began = Date.now()
    const ctx = await testContext({ clock: () => new Date(base + Date.now() - began) })
    const sink = await startSmtpSink({ keep: true })
    afterAll(() => sink.close())
    ctx.config.smtpUrl = `smtp://127.0.0.1:${sink.port}`
    await withTx(ctx.pool, (tx) =>
      changeSetting(tx, systemActor, 'shop', {
        name: 'Journey Wines',
        time_zone: 'America/New_York',
        from_name: 'Journey Wines',
        from_email: 'hello@journeywines.example.com',
      }),
    )
    await createStore(ctx, systemActor, {
      name: 'Journey Wines',
      legal_name: 'Journey Wines LLC',
      licence_number: 'NY-1',
      address: '1 Main St',
      city: 'Albany',
      state: 'NY',
      zip: '12207',
      time_zone: 'America/New_York',
      phone: null,
      website: null,
      external_id: null,
      opening_hours: null,
      sale_hours: {},
      sells: ['spirits', 'wine', 'beer'],
    })
    await seedTemplates(ctx)

    const households = await readHouseholds()
    const customers = [
      'household_id,email,first name,state,zip,age verified,accepts email marketing,consent source,consent date',
    ]
    // Every tenth never agreed, every twentieth did not confirm their age: the plan must leave them out.
    for (const [i, id] of households.entries())
      customers.push(
        `${id},household${id}@example.com,Pat,NY,12207,${i % 20 === 3 ? '' : 'yes'},${i % 10 === 0 ? 'no' : 'yes'},till form,2017-01-01`,
      )
    const people = await runImport(ctx, {
      kind: 'customers',
      source: 'households.csv',
      stream: chunks(customers.join('\n') + '\n'),
      actor: systemActor,
    })
    expect(people).toMatchObject({ rows_read: households.length, rows_new: households.length, rows_rejected: 0 })
    const orders = await runImport(ctx, {
      kind: 'orders',
      source: 'transactions_sample.csv.gz',
      path: file,
      actor: systemActor,
    })
    expect(orders.rows_read).toBe(75_000)
    expect(orders.rows_rejected).toBeLessThan(750)
    const again = await runImport(ctx, {
      kind: 'orders',
      source: 'transactions_sample.csv.gz',
      path: file,
      actor: systemActor,
    })
    expect(again).toMatchObject({ rows_new: 0, rows_changed: 0 })

    const scored = await scoreCustomers(ctx, { asOf: ctx.clock() })
    expect(scored.customers).toBe(households.length)

    await ctx.pool.query(
      `insert into offers (key, title, kind, value, department, funded_by) values
       ('weekend', 'What to open this weekend', 'content', null, null, 'store'), ('first_look', 'First look at new arrivals', 'early_access', null, 'wine', 'store'),
       ('ten_off', 'Ten percent off wine', 'percent_off', 10, 'wine', 'store')`,
    )
    const plan = await generatePlan(ctx, { weekStart: '2018-01-08', engine: 'heuristic', actor: systemActor })
    expect(plan.plan.entries.length).toBeGreaterThan(0)
    await approveCampaign(ctx, systemActor, plan.id)
    await startCampaign(ctx, systemActor, plan.id)
    // Live through the week: before each window closes, what is due has left.
    for (let turn = 0; ; turn++) {
      expect(turn).toBeLessThan(300)
      await dispatchOnce(ctx, { campaignId: plan.id, patienceMs: 0 })
      const { rows } = await ctx.pool.query<{ next: Date | null }>(
        `select least(min(sends.window_end) - interval '1 minute', min(sends.due_at) + interval '5 hours') as next from sends where sends.campaign_id = $1 and sends.status = 'pending'`,
        [plan.id],
      )
      if (!rows[0]?.next) break
      base += Math.max(60_000, rows[0].next.getTime() - ctx.clock().getTime())
    }

    const { rows: states } = await ctx.pool.query<{ status: string; n: number }>(
      'select sends.status, count(*) as n from sends where sends.campaign_id = $1 group by 1',
      [plan.id],
    )
    const sent = states.find((s) => s.status === 'sent')?.n ?? 0
    expect(sent).toBeGreaterThan(100)
    expect(states.filter((s) => ['pending', 'unknown', 'failed'].includes(s.status))).toEqual([])
    expect(sink.accepted).toBe(sent)
    expect(new Set(sink.messages.map((m) => m.messageId)).size).toBe(sent)
    const { rows: forbidden } = await ctx.pool
      .query(`select 1 from sends join customers on customers.id = sends.customer_id
    where sends.status = 'sent' and (customers.email_consent <> 'granted' or customers.age_status not in ('attested', 'dob_verified'))`)
    expect(forbidden).toEqual([])

    const parsed = await Promise.all(sink.messages.map((m) => simpleParser(m.raw)))
    for (const mail of parsed) {
      const header = (name: string): string => mail.headerLines.find((h) => h.key === name)?.line ?? ''
      expect(header('list-unsubscribe-post')).toBe('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
      expect(header('list-unsubscribe')).toMatch(/<http:\/\/shop\.test\/u\/[\w.~-]+>/)
      for (const part of [mail.text ?? '', String(mail.html)]) {
        expect(part).toContain('1 Main St')
        expect(part).toMatch(/21/)
      }
      expect(String(mail.html)).toMatch(/http:\/\/shop\.test\/t\/c\//)
    }

    const app = await createApp(ctx)
    afterAll(() => app.close())
    const clicked = parsed[0]!
    const unsubscribed = parsed[1]!
    const link = /http:\/\/shop\.test(\/t\/c\/[^"]+)/.exec(String(clicked.html))![1]!
    const click = await app.inject({
      url: link.replaceAll('&amp;', '&'),
      headers: {
        'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130 Safari/537.36',
      },
    })
    expect(click.statusCode).toBe(302)
    const out = /<http:\/\/shop\.test(\/u\/[^>]+)>/.exec(
      unsubscribed.headerLines.find((h) => h.key === 'list-unsubscribe')!.line,
    )![1]!
    expect((await app.inject({ url: out })).statusCode).toBe(200)
    expect((await ctx.pool.query(`select 1 from suppressions`)).rowCount).toBe(0)
    const opted = await app.inject({
      method: 'POST',
      url: out,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'List-Unsubscribe=One-Click',
    })
    expect(opted.statusCode).toBe(200)
    const { rows: events } = await ctx.pool.query<{ event_type: string; n: number }>(
      `select e.event_type, count(*) as n from analytics_events as e where e.event_type in ('sent', 'click', 'unsubscribe') group by 1 order by 1`,
    )
    expect(events).toEqual([
      { event_type: 'click', n: 1 },
      { event_type: 'sent', n: sent },
      { event_type: 'unsubscribe', n: 1 },
    ])

    const gone = (unsubscribed.to as { text: string }).text
    const next = await generatePlan(ctx, { weekStart: '2018-01-22', engine: 'heuristic', actor: systemActor })
    await approveCampaign(ctx, systemActor, next.id)
    await startCampaign(ctx, systemActor, next.id)
    const { rows: reached } = await ctx.pool.query(
      'select 1 from sends where sends.campaign_id = $1 and sends.recipient = $2',
      [next.id, gone],
    )
    expect(reached).toEqual([])
  },
  240_000,
)

async function readHouseholds(): Promise<string[]> {
  const ids = new Set<string>()
  let header = true
  for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
    if (!header) ids.add(line.slice(0, line.indexOf(',')))
    header = false
  }
  return [...ids]
}

async function* chunks(text: string): AsyncGenerator<string> {
  for (let i = 0; i < text.length; i += 16_384) yield text.slice(i, i + 16_384)
}
