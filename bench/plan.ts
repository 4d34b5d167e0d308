import type { Pool } from 'pg'
import { addDays } from '#core/calendar.ts'
import { allGroups } from '#core/planning/groups.ts'
import { migrate } from '#db/migrate.ts'
import { systemActor } from '#server/audit.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { approveCampaign } from '#server/planning/approve.ts'
import { generatePlan } from '#server/planning/generate.ts'
import { startCampaign } from '#server/planning/materialise.ts'
import { loadPlannerFacts } from '#server/planning/planner-facts.ts'
import { onDatabase, startFilled } from './kept.ts'
import { postgresCpuSeconds } from './postgres-cpu.ts'

// How long a week's plan takes for a large shop with a year of results, and what making its messages costs the database.
const quick = process.argv.includes('--quick')
const customers = quick ? 30_000 : 1_000_000
const segments = 50
const asked = process.argv.indexOf('--rounds')
const rounds = asked > 0 ? Number(process.argv[asked + 1]) : 3
const say = (text: string): boolean => process.stderr.write(text + '\n')
const now = new Date('2026-11-25T18:00:00Z')
const monday = '2026-11-30'
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const round = (n: number, digits = 0): number => Number(n.toFixed(digits))

/** Customers of eleven RFM segments and 39 others, three orders each in a year, 0.4 messages in 20 days, a year of results. */
async function fill(pool: Pool): Promise<void> {
  const sql = (text: string): Promise<unknown> => pool.query(text, text.includes('$1') ? [now] : [])
  await sql(`insert into settings (name, value) values ('shop', '{"name":"Bench Cellars","time_zone":"America/Chicago","from_name":"Bench","from_email":"b@example.com"}')`)
  await sql(`insert into stores (name, legal_name, address, city, state, zip, time_zone) select s || ' store', 'Bench LLC', '1 Oak', 'Town', s, z, 'America/Chicago'
    from unnest(array['IL', 'NY', 'TX', 'CA', 'FL'], array['62701', '10001', '75201', '90001', '33101']) as t(s, z)`)
  await sql(`insert into offers (key, title, kind, value, redeemable_as_coupon, code, regular_price_cents, unit_cost_cents, min_quantity) values
    ('picks', 'Weekend picks', 'content', null, false, null, null, null, null), ('first', 'First look', 'early_access', null, false, null, null, null, null), ('tasting', 'Tasting', 'tasting_event', null, false, null, null, null, null),
    ('ten', '10 % off', 'percent_off', 10, false, null, null, null, null), ('back15', '15 % off', 'percent_off', 15, true, 'BACK15', null, null, null), ('five', '$5 off', 'amount_off', 500, false, null, 3000, 2000, null),
    ('glass', 'A glass', 'gift', null, false, null, null, 300, null), ('six', 'Six bottles', 'multi_buy', 10, false, null, 2000, 1500, 6)`)
  await sql(`insert into message_templates (key, name, channel, category, subject_template, body_html_template, body_text_template) values
    ('win_back', 'Win back', 'email', 'win_back', 's', 'h', 't'), ('discovery', 'Discovery', 'email', 'discovery', 's', 'h', 't'), ('again', 'Again', 'sms', 'replenishment', null, null, 't')`)
  await sql(`insert into products (sku, name, department, category, price_cents) select 'S' || i, 'P' || i, 'spirits', (array['Bourbon', 'Gin', 'Rye', 'Rum'])[1 + i % 4], 2000 from generate_series(1, 40) as i`)
  await sql(`insert into customers (external_id, email, phone, name, first_name, state, zip, birth_date, age_status, email_consent, sms_consent, time_zones, store_id)
    select 'C' || i, 'c' || i || '@example.com', case when i % 4 = 0 then '+1312' || lpad((i % 10000000)::text, 7, '0') end, 'Name ' || i, 'Name', s.state, s.zip, case when i % 2 = 0 then date '1950-01-01' + (i::bigint * 7919 % 18000)::int end,
      case when i % 2 = 0 then 'dob_verified' when i % 20 = 1 then 'unknown' else 'attested' end, case when i % 5 = 0 then 'denied' else 'granted' end, case when i % 3 = 0 then 'granted' else 'unknown' end, '{America/Chicago}', case when i % 3 > 0 then s.id end
    from generate_series(1, ${customers}) as i join (select id, state, zip, row_number() over (order by state) as k from stores) as s on s.k = 1 + i % 5 order by i`)
  await sql(`insert into customer_scores (customer_id, model_version, as_of, rfm_segment, churn_probability, first_purchase_at, last_purchase_at, expected_gap_days, due_ratio, avg_purchase_hour, is_night_buyer, price_sensitivity, primary_category)
    select c.id, 'bench', $1, 'x', (h & 255) / 256.0, $1::timestamptz - make_interval(days => h & 511), $1::timestamptz - make_interval(hours => h >> 2 & 4095), 5 + (h >> 4 & 63), 1, 9 + (h & 1023) / 85.0, (h & 7) = 0, (h >> 3 & 15) / 20.0, (array['Bourbon', 'Gin', 'Rye', 'Rum'])[1 + (h & 3)]
    from customers as c cross join lateral (select hashtext(c.external_id) & 4194303 as h) as x`)
  await sql(`insert into customer_reading (customer_id, delivered, opened, clicked) select c.id, 10 + (h & 31), (h & 31) * (h >> 5 & 7) / 10, (h & 31) / 9 from customers as c cross join lateral (select hashtext(c.external_id || 'r') & 4194303 as h) as x where h & 3 > 0`)
  await sql(`insert into segments (key, name, kind, rules, recommended_offers, optimal_channels) select 'segment_' || i, 'Segment ' || i, 'rule', '{}', (array['["content"]', '["percent_off"]', '["early_access", "gift"]'])[1 + i % 3]::jsonb, '{email,sms}' from generate_series(1, ${segments}) as i`)
  // The first eleven share everybody out; the others hold half a percent to a tenth each.
  await sql(`insert into segment_members (segment_id, customer_id) select g.id, c.id from customers as c join segments as g on g.key = 'segment_' || 1 + (hashtext(c.external_id || 's') & 4194303) % 11`)
  await sql(`insert into segment_members (segment_id, customer_id) select g.id, c.id from (select id, substr(key, 9)::int as k from segments) as g cross join customers as c where g.k > 11 and (hashtext(c.external_id || g.k) & 1023) < 5 + g.k * g.k / 25`)
  await sql(`update segments set customer_count = (select count(*) from segment_members as m where m.segment_id = segments.id)`)
  await sql(`insert into orders (external_id, customer_id, ordered_at, total_cents) select 'O' || c.external_id || '-' || n, c.id, $1::timestamptz - make_interval(mins => (hashtext(c.external_id || n) & 524287)), 1000 + (hashtext(c.external_id || n) & 8191)
    from customers as c cross join generate_series(1, 3) as n order by 3`)
  await sql(`insert into sends (id, customer_id, channel, recipient, due_at, window_end, status, sent_at, opened_at, variables) select uuidv7_at(at), c.id, 'email', c.email, at, at, 'delivered', at, case when n = 1 then at end, jsonb_build_object('first_name', 'Name', 'offer', jsonb_build_object('title', 'Weekend picks'), 'products', jsonb_build_array(jsonb_build_object('name', 'P1', 'price', '$20')))
    from customers as c cross join generate_series(1, 2) as n cross join lateral (select $1::timestamptz - make_interval(hours => 20 + (hashtext(c.external_id || 'm' || n) & 511)) as at, hashtext(c.external_id || 'q' || n) & 7 as q) as t where t.q < 2`)
  // Earlier actions: checks of foreign keys are planned by the size that their tables had when first asked for.
  await sql(`insert into actions (customer_id, segment, priority_score, reason, offer, status, send_id) select s.customer_id, 'segment_1', 1, 'x', '{"kind":"content"}', 'sent', s.id from sends as s limit 100000`)
  await fillResults(pool)
  for (const table of ['customers', 'customer_scores', 'customer_reading', 'segment_members', 'segments', 'orders', 'sends', 'actions', 'plan_results']) await sql(`vacuum analyze ${table}`)
} // prettier-ignore

/** A year of plans: each week a day of messages in every segment, three arms for some groups and their holdout. */
async function fillResults(pool: Pool): Promise<void> {
  await pool.query(`insert into plan_result_days (day, first_at, later_at) select d::date, now(), now() from generate_series($1::date - 364, $1::date - 35, interval '7 days') as d`, [monday])
  await pool.query(
    `insert into plan_results (day, design, segment, customer_group, outcome, offer_key, offer_kind, channel, part, n, opens, clicks, leaves, conversions, orders, spent_cents, discount_cents, opened_orders, opened_spent_cents, opened_discount_cents, later_n, later_orders)
     select d.day, '0.1', 'segment_' || s, g.key, a.outcome, a.offer, a.kind, a.channel, 'day', n, case when a.outcome = 'sent' then n / 4 else 0 end, case when a.outcome = 'sent' then n / 25 else 0 end, 0, 0, n * a.rate / 100, n * a.rate * 45, case when a.kind = 'percent_off' then n * a.rate * 4 else 0 end, case when a.outcome = 'sent' then n * a.rate / 400 else 0 end, 0, 0, n, n * 12 / 100
     from plan_result_days as d cross join generate_series(1, ${segments}) as s cross join unnest($1::text[]) with ordinality as g(key, i)
     cross join (values ('held', 'picks', 'content', 'email', 8, 0), ('sent', 'picks', 'content', 'email', 10, 1), ('sent', 'ten', 'percent_off', 'email', 11, 2), ('sent', 'first', 'early_access', 'sms', 10, 3)) as a(outcome, offer, kind, channel, rate, k)
     cross join lateral (select case when a.outcome = 'held' then 60 else 200 end + (hashtext(g.key || d.day || s || a.k) & 63) as n) as t
     where (hashtext(g.key || s || d.day) & 7) = 0 and (a.channel = 'email' or g.key like '%.text')`,
    [allGroups],
  )
} // prettier-ignore

const filled = await startFilled(`plan-${customers}`, async (database, dataDir) => {
  say(`filling a shop of ${customers} customers and ${segments} segments ...`)
  await migrate(database.url)
  const ctx = createContext({ ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: 'a secret that only the bench uses, 32 chars' }) }, database.url, { log: createLog('error') }) // prettier-ignore
  await fill(ctx.pool)
  await closeContext(ctx)
})
try {
  // A kept shop may be of an earlier version.
  await migrate(filled.database.url)
  const config = {
    ...readConfig({ LMA_DATA: filled.dataDir, LMA_SECRET: 'a secret that only the bench uses, 32 chars' }),
  }
  const ctx = createContext(config, filled.database.url, { log: createLog('error'), clock: () => now })
  const started = performance.now()
  const facts = await loadPlannerFacts(ctx, monday)
  say(`facts: ${round((performance.now() - started) / 1000, 2)} s, ${facts.segments.length} segments, ${facts.segments.reduce((n, s) => n + s.groups!.length, 0)} groups, ${facts.evidence!.sent.length} cells of results`) // prettier-ignore
  const plans: number[] = []
  const costs: number[] = []
  let sends = 0
  say(['round', 'plan s', 'entries', 'reach', 'start s', 'sends', 'db µs per send'].join('\t'))
  for (let i = 0; i < rounds; i++) {
    const begun = performance.now()
    const { id, plan } = await generatePlan(ctx, {
      weekStart: addDays(monday, 14 * i),
      engine: 'heuristic',
      actor: systemActor,
    })
    plans.push((performance.now() - begun) / 1000)
    await approveCampaign(ctx, systemActor, id)
    const [cpu, at] = [postgresCpuSeconds(filled.database.pid()!), performance.now()]
    const made = await startCampaign(ctx, systemActor, id)
    const took = (performance.now() - at) / 1000
    await ctx.pool.query('select 1')
    const spent = postgresCpuSeconds(filled.database.pid()!) - cpu
    costs.push((1e6 * spent) / made.sends)
    sends += made.sends
    say([i + 1, plans[i]!.toFixed(2), plan.entries.length, plan.entries.reduce((n, e) => n + e.reach, 0), took.toFixed(1), made.sends, costs[i]!.toFixed(1)].join('\t')) // prettier-ignore
  }
  await closeContext(ctx)
  const figures = {
    customers,
    segments,
    plan_s: round(median(plans), 2),
    plan_s_worst: round(Math.max(...plans), 2),
    db_us_per_send: round(median(costs), 1),
    db_us_per_send_worst: round(Math.max(...costs), 1),
    sends,
  }
  const notes = [
    'plan_s: POST /campaigns/generate with engine heuristic: facts, choice, check, reach, stored',
    'db_us_per_send: processor time of the database from start to committed, per message made',
  ]
  process.stdout.write(JSON.stringify({ bench: 'plan', quick, figures, notes: [...notes, onDatabase] }) + '\n')
} finally {
  await filled.stop()
}
