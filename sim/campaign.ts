import type { Pool } from 'pg'
import { withTx } from '#db/pool.ts'
import { noOffer } from '#core/planning/offer.ts'

export interface SimCampaign {
  campaignId: string
  templateId: string
}

const offer = {
  ...noOffer,
  id: '00000000-0000-7000-8000-0000000000aa',
  key: 'sim',
  title: 'A look at the new shelf',
}

/**
 * A running campaign with `count` messages due at `at`, to customers who agreed and are of age; for tests and benches.
 * Contact hours are opened wide, so that it does not matter when it runs. Needs the starter templates.
 */
export async function simCampaign(
  pool: Pool,
  count: number,
  at: Date,
  options: { template?: string; channel?: 'email' | 'sms'; tag?: string } = {},
): Promise<SimCampaign> {
  const channel = options.channel ?? 'email'
  const tag = options.tag ?? Math.random().toString(36).slice(2, 8)
  await pool.query(
    `insert into settings (name, value) values ('limits', '{"max_per_customer_week": 14, "email_window": {"start": "00:00", "end": "24:00"}, "sms_window": {"start": "00:00", "end": "24:00"}}')
     on conflict (name) do nothing`,
  )
  await pool.query(
    `insert into settings (name, value) values ('shop', '{"name": "Corner Cellars", "from_name": "Corner Cellars", "from_email": "hello@cornercellars.test"}') on conflict (name) do nothing`,
  )
  await pool.query(
    `insert into stores (name, legal_name, licence_number, address, city, state, zip, time_zone)
     select 'Corner Cellars', 'Corner Cellars LLC', 'NY-1234567', '12 Main Street', 'Albany', 'NY', '12207', 'America/New_York' where not exists (select 1 from stores)`,
  )
  const { rows: templates } = await pool.query<{ id: string }>(
    'select t.id from message_templates as t where t.key = $1 order by t.version desc limit 1',
    [options.template ?? (channel === 'sms' ? 'new_arrivals_sms' : 'new_arrivals')],
  )
  const templateId = templates[0]?.id
  if (!templateId) throw new Error('The starter templates are missing; call seedTemplates first.')
  // At once: a worker that looks between the two statements would call an empty campaign completed.
  const campaignId = await withTx(pool, async (tx) => {
    const { rows: campaigns } = await tx.query<{ id: string }>(
      `insert into campaigns (name, status, start_date, end_date, started_at, total_sends) values ('Sim ' || $1, 'active', $2::timestamptz::date, $2::timestamptz::date + 6, $2, $3) returning id`,
      [tag, at, count],
    )
    const id = campaigns[0]!.id
    await tx.query(
      `with c as (
         insert into customers (name, first_name, email, phone, email_consent, sms_consent, age_status, birth_date, state, time_zones)
         select 'Customer ' || g, 'Customer ' || g, 'c' || g || '-' || $2 || '@example.com', case when $3 = 'sms' then '+1518' || (2000000 + g + 10000 * (('x' || substr(md5($2), 1, 4))::bit(16)::int % 700))::text end,
           'granted', 'granted', 'dob_verified', '1980-01-01', 'NY', '{America/New_York}' from generate_series(1, $4::int) as g
         returning id, email, phone, first_name
       ), given as materialized (
         -- Ids that grow in the order of the rows, as the planner makes them (server/ids.ts).
         select c.*, encode(substring(int8send((extract(epoch from $6::timestamptz) * 1000)::bigint) from 3) || substring(int4send(28672 | (c.n >> 14)) from 3)
           || substring(int4send(32768 | (c.n & 16383)) from 3) || substring(uuid_send(gen_random_uuid()) from 11), 'hex')::uuid as send_id
         from (select c.*, (row_number() over (order by c.id))::int as n from c) as c
       ), e as (
         insert into campaign_entries (campaign_id, content_hash, plan_entry_id, segment, priority_score, offer, template_id, scheduled_date, send_window, channel)
         select $1::uuid, '\\x00', 'sim', 'Promising', 1, $5::jsonb, $7::uuid, $6::timestamptz::date, '{"start": "00:00", "end": "24:00"}', $3 returning id
       ), t as (
         insert into message_texts (campaign_id, content_hash, variables)
         select $1::uuid, '\\x00', jsonb_build_object('offer', jsonb_build_object('title', 'A look at the new shelf'), 'products', '[{"name": "Rittenhouse Rye 750 ml", "price": "$31.99"}, {"name": "Four Roses Single Barrel", "price": "$46.99"}]'::jsonb) returning id
       )
       insert into sends (id, customer_id, campaign_id, channel, recipient, template_id, variables, due_at, window_end, entry_id, text_id)
       select c.send_id, c.id, $1::uuid, $3, case when $3 = 'sms' then c.phone else c.email::text end, $7::uuid,
         jsonb_build_object('first_name', c.first_name), $6::timestamptz, $6::timestamptz + interval '12 hours', e.id, t.id
       from given as c cross join e cross join t order by c.n`,
      [id, tag, channel, count, JSON.stringify(offer), at, templateId],
    )
    return id
  })
  await pool.query('analyze sends, customers, campaign_entries, message_texts')
  return { campaignId, templateId }
}
