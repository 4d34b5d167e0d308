import type { Pool } from 'pg'
import { hostile } from './plan-fuzz.ts'

export interface HostileShop {
  /** what must never leave: names, emails, phones of customers */
  secrets: string[]
}

/**
 * A shop whose names all try something: segments, offers, categories, stores and customers carry instructions, markup,
 * addresses and the names of customers. Two stores (Illinois, Texas), three segments, 240 customers.
 */
export async function seedHostileShop(pool: Pool): Promise<HostileShop> {
  const names = ['Zebulon Quackenbush', 'Marigold Featherstonehaugh', 'Obadiah Wigglesworth']
  await pool.query(
    `insert into settings (name, value) values ('shop', '{"name":"Test Cellars","time_zone":"America/Chicago","from_name":"Test","from_email":"t@example.com"}')`,
  )
  await pool.query(
    `insert into stores (name, legal_name, address, city, state, zip, time_zone) values ($1, 'A LLC', '1 Oak', 'Springfield', 'IL', '62701', 'America/Chicago'), ($2, 'B LLC', '1 Elm', 'Dallas', 'TX', '75201', 'America/Chicago')`,
    [hostile[0], hostile[1]],
  )
  await pool.query(
    `insert into offers (key, title, kind, value, redeemable_as_coupon, code, unit_cost_cents, regular_price_cents) values
       ('picks', $1, 'content', null, false, null, null, null), ('first', $2, 'early_access', null, false, null, null, null),
       ('back', $3, 'percent_off', 15, true, 'BACK15', 700, 1000), ('free', 'Buy one, get one', 'bogo', null, false, null, 700, 1000)`,
    [`Picks of ${names[0]}, ${hostile[6]}`, hostile[2], hostile[3]],
  )
  await pool.query(`update offers set min_quantity = 1 where key = 'free'`)
  await pool.query(
    `insert into message_templates (key, name, channel, category, subject_template, body_html_template, body_text_template) values
       ('discovery', 'D', 'email', 'discovery', 'Own subject', '<html><body>{% if copy.body %}{{ copy.body }}{% else %}Own{% endif %}</body></html>', 'Own'), ('again', 'A', 'sms', 'replenishment', null, null, 'Own')`,
  )
  const segments = [`VIP: ${names[1]!.toUpperCase()}'s friends`, hostile[4], `Wigglesworth, Obadiah ${hostile[0]}`]
  for (const [i, name] of segments.entries())
    await pool.query(
      `insert into segments (key, name, kind, rules, recommended_offers, optimal_channels) values ($1, $2, 'rfm', '{}', '["content"]', '{email,sms}')`,
      [`seg_${i}`, name],
    )
  await pool.query(
    `insert into customers (external_id, email, phone, name, first_name, birth_date, age_status, email_consent, sms_consent, state, zip, time_zones, store_id)
     select 'c' || g, 'person' || g || '@secret-mail.example', '+1312555' || lpad(g::text, 4, '0'), case when g <= 3 then ($1::text[])[g] else 'Person ' || chr(65 + g % 26) || 'zyx' || g end, 'P' || g,
       case when g % 10 = 6 then date '2008-01-01' else date '1975-03-01' + g end, case when g % 10 = 6 then 'under_age' when g % 10 = 7 then 'unknown' else 'dob_verified' end,
       case when g % 7 = 0 then 'denied' else 'granted' end, case when g % 2 = 0 then 'granted' else 'unknown' end,
       case when g % 4 = 0 then 'TX' else 'IL' end, case when g % 4 = 0 then '75201' else '62701' end, '{America/Chicago}',
       (select s.id from stores as s where s.state = case when g % 4 = 0 then 'TX' else 'IL' end)
     from generate_series(1, 240) as g`,
    [names],
  )
  await pool.query(
    `insert into segment_members (segment_id, customer_id) select g.id, c.id from customers as c join segments as g on g.key = 'seg_' || (length(c.external_id) + right(c.external_id, 1)::int) % 3`,
  )
  await pool.query(
    `insert into customer_scores (customer_id, model_version, as_of, rfm_segment, churn_probability, first_purchase_at, due_ratio, avg_purchase_hour, primary_category)
     select c.id, 't', now(), 'x', 0.3, '2025-01-01', 1, 17, $1 from customers as c`,
    [`Bourbon ${hostile[5]}`],
  )
  await pool.query(
    `insert into orders (external_id, customer_id, ordered_at, total_cents) select 'o' || c.external_id || w, c.id, timestamptz '2026-11-24 22:00Z' - w * interval '7 days', 4500
     from customers as c cross join generate_series(0, 6, 2) as w`,
  )
  return {
    secrets: [
      ...names,
      ...names.map((n) => n.split(' ').toReversed().join(', ')),
      'zebulon.quackenbush',
      'secret-mail',
      '5550',
      '555-0133',
      'zyx',
    ],
  }
}
