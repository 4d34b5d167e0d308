/**
 * What each table keeps of a person, and what erasing them does to it. A new table must be entered here: the test of
 * erasure (test/erasure.test.ts) fails for a table that nobody has thought about.
 */

/**
 * Statements over `$1`, the ids of the customers (uuid[]), and `$2`, every address of theirs that we know (text[]); a
 * statement that needs neither means all. They run in this order, in one transaction; the customer's own row comes last.
 */
export const erasing: readonly [table: string, statement: string][] = [
  // Waiting messages are not sent any more; the others keep what figures count, without whom and what.
  [
    'delivery_attempts',
    `update delivery_attempts as a set detail = null
     where a.detail is not null and a.send_id in (select s.id from sends as s where s.customer_id = any($1::uuid[]))`,
  ],
  [
    'sandbox_messages',
    `delete from sandbox_messages as m where m.recipient = any($2::text[]) or m.send_id in (select s.id from sends as s where s.customer_id = any($1::uuid[]))`,
  ],
  [
    'sends',
    `update sends as s set recipient = 'erased', variables = '{}', text_id = null, error_message = null, updated_at = now(),
       status = case when s.status = 'pending' then 'cancelled' else s.status end,
       refused_by = case when s.status = 'pending' then 'person-erased' else s.refused_by end
     where s.customer_id = any($1::uuid[]) and s.recipient <> 'erased'`,
  ],
  ['customer_reading', `delete from customer_reading as r where r.customer_id = any($1::uuid[])`],
  ['trigger_entries', `delete from trigger_entries as t where t.customer_id = any($1::uuid[])`],
  ['actions', `delete from actions as a where a.customer_id = any($1::uuid[]) and a.status = 'proposed'`],
  // Only what we wrote ourselves stays; a provider's own words may quote the address.
  [
    'analytics_events',
    `update analytics_events as e set properties = (select coalesce(jsonb_object_agg(p.key, p.value), '{}') from jsonb_each(e.properties) as p
       where p.key in ('because', 'link', 'class', 'code', 'implied_by', 'order_id'))
     where e.customer_id = any($1::uuid[]) and e.properties <> '{}'`,
  ],
  [
    'consents',
    `update consents as k set source = 'erased', ip = null, user_agent = null where k.customer_id = any($1::uuid[])`,
  ],
  // Also what waits for a confirmation that now never comes.
  ['signups', `delete from signups as g where g.customer_id = any($1::uuid[]) or g.address = any($2::text[])`],
  ['customer_preferences', `delete from customer_preferences as p where p.customer_id = any($1::uuid[])`],
  // The keyed hash is all that stays: no way leads from it to the orders.
  [
    'suppressions',
    `update suppressions as s set customer_id = null, send_id = null, note = null where s.customer_id = any($1::uuid[])`,
  ],
  [
    'segments',
    `update segments as g set customer_count = g.customer_count - m.n
     from (select segment_id, count(*) as n from segment_members where customer_id = any($1::uuid[]) group by 1) as m
     where m.segment_id = g.id`,
  ],
  // What an import replaced in the customer's own row, and what tills and texts said of them.
  ['import_before', `delete from import_before as b where b.entity = 'customer' and b.row_id = any($1::uuid[])`],
  [
    'inbound_messages',
    `delete from inbound_messages as m where m.customer_id = any($1::uuid[]) or m.sender = any($2::text[])`,
  ],
  ['segment_members', `delete from segment_members as m where m.customer_id = any($1::uuid[])`],
  ['customer_scores', `delete from customer_scores as s where s.customer_id = any($1::uuid[])`],
  [
    'customer_merges',
    `update customer_merges as m set before = null, moved = '{}', undo_until = least(m.undo_until, now())
     where (m.kept_id = any($1::uuid[]) or m.merged_id = any($1::uuid[]))`,
  ],
  [
    'bulk_items',
    `update bulk_items as b set before = null where b.customer_id = any($1::uuid[]) and b.before is not null`,
  ],
  // Who did what and when stays; what it was about does not.
  [
    'audit_log',
    `update audit_log as l set before = null, after = null, reason = null
     where l.entity = 'customer' and l.entity_id = any(array(select x::text from unnest($1::uuid[]) as x))`,
  ],
  [
    'row_changes',
    `update row_changes as l set before = null, after = null
     where l.table_name = 'customers' and l.row_id = any(array(select x::text from unnest($1::uuid[]) as x))`,
  ],
  // Why something was done to a few chosen people is often about one of them.
  [
    'audit_log',
    `update audit_log as l set after = l.after - 'note', reason = null
     where l.entity = 'job' and l.entity_id in (select j.id::text from jobs as j where j.input -> 'ids' ?| array(select x::text from unnest($1::uuid[]) as x))`,
  ],
  [
    'jobs',
    `update jobs as j set input = j.input - 'note' where j.input -> 'ids' ?| array(select x::text from unnest($1::uuid[]) as x) and j.finished_at is not null`,
  ],
  [
    'idempotency_keys',
    `delete from idempotency_keys as k where k.response::text ilike any (array(select '%' || x || '%' from unnest($1::uuid[]) as x))`,
  ],
  // What a till posted about them or their orders, by its subject; and whatever else of it has an address of theirs.
  [
    'till_hooks',
    `update till_hooks as h set body = null from till_records as r
     where r.customer_id = any($1::uuid[]) and h.integration_id = r.integration_id and h.subject = r.kind || ' ' || r.till_id and h.body is not null`,
  ],
  [
    'till_hooks',
    `update till_hooks as h set body = null
     where h.body is not null and encode(h.body, 'escape') ilike any (array(select '%' || x || '%' from unnest($2::text[]) as x)) and $1::uuid[] is not null`,
  ],
  // A file with somebody in it cannot be corrected, so it is withdrawn; who needs it makes a new one.
  ['exports', `update exports as x set status = 'withdrawn' where x.status = 'ready'`],
  [
    'customers',
    `update customers as c set external_id = null, email = null, phone = null, name = null, first_name = null, birth_date = null,
       age_status = 'unknown', email_consent = 'denied', sms_consent = 'denied', address = null, city = null, zip = null,
       time_zones = '{}', tags = '{}', raw_data = null, import_id = null, deleted_at = coalesce(c.deleted_at, now()),
       erased_at = now(), updated_at = clock_timestamp()
     where c.id = any($1::uuid[])`,
  ],
]

/**
 * JSON that a person or a provider may have written somebody's address or name into; it is replaced where it stands. The
 * trail of other customers is not searched: what is written there about one is never about another.
 */
export const scrubbed: readonly [table: string, column: string, where?: string][] = [
  ['webhook_inbox', 'body'],
  ['jobs', 'input'],
  ['jobs', 'result'],
  ['imports', 'summary'],
  ['imports', 'options'],
  ['exports', 'params'],
  ['views', 'filters'],
  ['segments', 'rules'],
  ['segment_versions', 'rules'],
  ['idempotency_keys', 'response'],
  ['audit_log', 'before', `t.entity in ('segment', 'view', 'suppression', 'export', 'job')`],
  ['row_changes', 'before', `t.before is not null`],
  ['row_changes', 'after', `t.after is not null`],
  ['audit_log', 'after', `t.entity in ('segment', 'view', 'suppression', 'export', 'job')`],
]

/** The same for plain text. */
export const scrubbedText: readonly [table: string, column: string][] = [
  ['audit_log', 'reason'],
  ['exports', 'reason'],
  ['suppressions', 'note'],
  ['jobs', 'error'],
  ['imports', 'error'],
  ['webhook_inbox', 'error'],
  ['views', 'name'],
  ['segments', 'description'],
]

/** Tables that hold nobody who buys: the shop, its users, its goods, sums, and ids. */
export const holdsNobody: readonly string[] = [
  'campaign_entries',
  'campaign_triggers',
  'api_keys',
  'backups',
  'audit_seals',
  'campaign_variants',
  'channel_providers',
  'chart_notes',
  'campaigns',
  'consent_texts',
  'conversions',
  'dispatch_turns',
  'duties',
  // ids of rows that were emptied, and keyed hashes
  'erasures',
  'event_keys',
  'experiments',
  'integrations',
  'links',
  'llm_calls',
  'message_templates',
  // what many are told alike; a message's own words are in sends
  'message_texts',
  'model_versions',
  'notice_reads',
  'plan_result_days',
  'plan_results',
  'plan_evidence',
  // counts and names of things of the shop
  'notices',
  'offers',
  'order_items',
  'orders',
  'processes',
  'product_neighbours',
  'products',
  'provider_hooks',
  'recovery_codes',
  'rate_windows',
  'refresh_tokens',
  'report_schedules',
  'rollup_daily',
  'rollup_delta',
  'rollup_hourly',
  'rollup_orders',
  'rollup_orders_delta',
  'rollup_state',
  'schema_migrations',
  'segment_counts',
  'send_batches',
  'sessions',
  'settings',
  'sign_in_attempts',
  'signup_counts',
  'signup_forms',
  'stores',
  // ids and goods only; the link to the erased row stays, so that no later hook makes them anew
  'till_records',
  'user_links',
  'user_preferences',
  'users',
  // ids and facts of events; an id of somebody who was erased leads to nobody
  'webhook_deliveries',
  'webhook_subscriptions',
]
