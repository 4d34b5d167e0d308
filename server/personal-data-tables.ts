/**
 * What a person is told when they ask for their data (GDPR art. 15 and 20, CCPA): for every table that keeps something of
 * them, either the statement that reads it or the reason why it is not told. A new table must be entered here: the test
 * (server/knowledge/personal-data.test.ts) finds tables that erasure knows, or that name a customer, and are missing.
 */
export interface Told {
  table: string
  /** heading in the readable file */
  title: string
  /** one jsonb `row` per line, over `$1` ids (uuid[]), `$2` addresses (text[]) and `$3` their keyed hashes (bytea[]) */
  sql: string
}

/** Rows of a table that name the customer, without columns that say nothing to anybody but the program. */
const own = (table: string, title: string, without: readonly string[], order: string): Told => ({
  table,
  title,
  sql: `select to_jsonb(t) - array[${without.map((c) => `'${c}'`).join(', ')}]::text[] as row from ${table} as t where t.customer_id = any($1::uuid[]) order by ${order}`,
})

export const told: readonly Told[] = [
  {
    table: 'customers',
    title: 'Who you are',
    sql: `select to_jsonb(c) - array['import_id', 'is_demo', 'store_id'] || jsonb_build_object('store', s.name) as row
      from customers as c left join stores as s on s.id = c.store_id where c.id = any($1::uuid[]) order by c.merged_into nulls first`,
  },
  {
    table: 'orders',
    title: 'What you bought',
    sql: `select jsonb_build_object('number', o.external_id, 'ordered_at', o.ordered_at, 'store', s.name, 'total_cents', o.total_cents,
        'discount_cents', o.discount_cents, 'coupon_code', o.coupon_code, 'currency', o.currency) as row
      from orders as o left join stores as s on s.id = o.store_id where o.customer_id = any($1::uuid[]) order by o.ordered_at desc`,
  },
  {
    table: 'order_items',
    title: 'Goods of each order',
    sql: `select jsonb_build_object('order', o.external_id, 'product', p.name, 'sku', p.sku, 'quantity', i.quantity, 'total_cents', i.total_cents,
        'discount_cents', i.discount_cents) as row
      from order_items as i join orders as o on o.id = i.order_id left join products as p on p.id = i.product_id
      where o.customer_id = any($1::uuid[]) order by o.ordered_at desc, i.id`,
  },
  own('consents', 'What you agreed to or refused', ['signup_id', 'customer_id'], 't.given_at desc'),
  {
    table: 'signups',
    title: 'Forms you filled in',
    sql: `select to_jsonb(g) - array['submission_id', 'form_id', 'store_id', 'customer_id'] || jsonb_build_object('form', f.name) as row
      from signups as g left join signup_forms as f on f.id = g.form_id where g.customer_id = any($1::uuid[]) or g.address = any($2::text[]) order by g.created_at desc`,
  },
  own('customer_preferences', 'Your wishes about messages', ['customer_id'], 't.updated_at desc'),
  {
    table: 'suppressions',
    title: 'Channels that are closed for you',
    sql: `select jsonb_build_object('channel', s.channel, 'because', s.reason, 'note', s.note, 'since', s.created_at) as row
      from suppressions as s where s.customer_id = any($1::uuid[]) or s.address_hash = any($3::bytea[]) and $2::text[] is not null order by s.created_at desc`,
  },
  {
    table: 'sends',
    title: 'Messages to you',
    sql: `select to_jsonb(s) - array['action_id', 'entry_id', 'text_id', 'customer_group', 'batch_id', 'campaign_id', 'template_id', 'customer_id', 'retry_count']
        || jsonb_build_object('campaign', c.name, 'variables', variables_of(s)) as row
      from sends as s left join campaigns as c on c.id = s.campaign_id where s.customer_id = any($1::uuid[]) order by s.due_at desc`,
  },
  {
    table: 'delivery_attempts',
    title: 'What providers said about them',
    sql: `select to_jsonb(a) - 'batch_id' as row from delivery_attempts as a
      where a.send_id in (select s.id from sends as s where s.customer_id = any($1::uuid[])) order by a.started_at desc`,
  },
  {
    table: 'sandbox_messages',
    title: 'Messages that only the test mailbox got',
    sql: `select jsonb_build_object('recipient', m.recipient, 'channel', m.channel, 'subject', m.subject, 'text', m.body_text, 'received_at', m.received_at) as row
      from sandbox_messages as m where not m.for_admins and (m.recipient = any($2::text[]) or m.send_id in (select s.id from sends as s where s.customer_id = any($1::uuid[])))
      order by m.received_at desc`,
  },
  {
    table: 'analytics_events',
    title: 'What happened',
    sql: `select jsonb_build_object('what', e.event_type, 'at', e.occurred_at, 'channel', e.channel, 'campaign', c.name, 'value_cents', e.value_cents,
        'by_machine', e.machine, 'details', e.properties) as row
      from analytics_events as e left join campaigns as c on c.id = e.campaign_id where e.customer_id = any($1::uuid[]) order by e.occurred_at desc`,
  },
  {
    table: 'inbound_messages',
    title: 'What you wrote to us',
    sql: `select jsonb_build_object('from', m.sender, 'channel', m.channel, 'text', m.body, 'understood_as', m.meaning, 'received_at', m.received_at) as row
      from inbound_messages as m where m.customer_id = any($1::uuid[]) or m.sender = any($2::text[]) order by m.received_at desc`,
  },
  own('customer_scores', 'What we computed from your purchases', ['customer_id', 'input_hash'], 't.as_of desc'),
  own('customer_reading', 'How often you opened and clicked, over a year', ['customer_id'], 't.delivered desc'),
  {
    table: 'segment_members',
    title: 'Groups you are in',
    sql: `select jsonb_build_object('group', g.name, 'since', m.entered_at) as row
      from segment_members as m join segments as g on g.id = m.segment_id where m.customer_id = any($1::uuid[]) order by m.entered_at desc`,
  },
  {
    table: 'actions',
    title: 'Offers that were considered for you',
    sql: `select to_jsonb(a) - array['customer_id', 'campaign_id', 'offer_id', 'template_id', 'terms', 'plan_entry_id', 'decided'] as row
      from every_action as a where a.customer_id = any($1::uuid[]) order by a.created_at desc`,
  },
  own(
    'trigger_entries',
    'Occasions for automatic messages',
    ['customer_id', 'campaign_id', 'event_key'],
    't.event_at desc',
  ),
  {
    table: 'conversions',
    title: 'Orders we put down to a message',
    sql: `select jsonb_build_object('order', o.external_id, 'campaign', c.name, 'because', v.because, 'value_cents', v.value_cents) as row
      from conversions as v join orders as o on o.id = v.order_id left join campaigns as c on c.id = v.campaign_id
      where v.customer_id = any($1::uuid[]) order by o.ordered_at desc, v.model`,
  },
  {
    table: 'customer_merges',
    title: 'Records of you that were joined',
    sql: `select jsonb_build_object('at', m.created_at, 'undone_at', m.undone_at, 'before', m.before) as row
      from customer_merges as m where m.kept_id = any($1::uuid[]) or m.merged_id = any($1::uuid[]) order by m.created_at desc`,
  },
  {
    table: 'till_records',
    title: 'Numbers that tills and web shops have for you',
    sql: `select jsonb_build_object('till', i.name, 'kind', r.kind, 'number', r.till_id, 'updated_at', r.updated_at) as row
      from till_records as r join integrations as i on i.id = r.integration_id where r.customer_id = any($1::uuid[]) order by r.updated_at desc`,
  },
  {
    table: 'till_hooks',
    title: 'What tills and web shops sent',
    sql: `select jsonb_build_object('topic', h.topic, 'received_at', h.received_at, 'content', encode(h.body, 'escape')) as row
      from till_hooks as h where h.body is not null and (exists (select from till_records as r where r.customer_id = any($1::uuid[])
          and h.integration_id = r.integration_id and h.subject = r.kind || ' ' || r.till_id)
        or encode(h.body, 'escape') ilike any (array(select '%' || x || '%' from unnest($2::text[]) as x))) order by h.received_at desc`,
  },
  {
    table: 'webhook_inbox',
    title: 'What providers of messages reported',
    sql: `select jsonb_build_object('provider', w.provider, 'received_at', w.received_at, 'content', w.body) as row
      from webhook_inbox as w where w.body::text ilike any (array(select '%' || x || '%' from unnest($2::text[]) as x)) and $1::uuid[] is not null order by w.received_at desc`,
  },
  {
    table: 'import_before',
    title: 'What an import replaced',
    sql: `select jsonb_build_object('before', b.before) as row from import_before as b where b.entity = 'customer' and b.row_id = any($1::uuid[])`,
  },
  {
    table: 'bulk_items',
    title: 'What work on many customers replaced',
    sql: `select jsonb_build_object('kind', j.kind, 'at', j.created_at, 'before', b.before) as row
      from bulk_items as b join jobs as j on j.id = b.job_id where b.customer_id = any($1::uuid[]) and b.before is not null order by j.created_at desc`,
  },
  {
    table: 'audit_log',
    title: 'Who did what with your data',
    // Which of the shop's people it was is theirs, not the customer's.
    sql: `select jsonb_build_object('what', l.action, 'by', l.actor_kind, 'at', l.at, 'why', l.reason, 'before', l.before, 'after', l.after) as row
      from audit_log as l where l.entity = 'customer' and l.entity_id = any(array(select x::text from unnest($1::uuid[]) as x)) order by l.at desc`,
  },
]

/** Not told, and why: art. 15 (4) protects others, and a copy of a copy tells nothing. */
export const untold: Readonly<Record<string, string>> = {
  row_changes: 'the same changes as in audit_log, with personal values hidden when they were written',
  jobs: 'work lists of the shop; they name the person by id only, or by a note that audit_log has',
  idempotency_keys: 'answers to programs, kept for a day: copies of what is told',
  exports: 'lists of who exported what; the file itself is a copy and goes after a day',
  imports: 'columns and refused cells of a file about many people',
  views: 'search words of the shop’s people',
  segments: 'rules for groups; membership is told',
  segment_versions: 'rules for groups; membership is told',
}
