/**
 * Tables without audit triggers, with the reason. Every other table has the three triggers of `audit_table` (0027_audit.sql);
 * a new table must be entered in one of the two, or server/audit.test.ts fails.
 */
export const unaudited: Readonly<Record<string, string>> = {
  // The trail itself.
  audit_log: 'is the trail',
  row_changes: 'is the trail',
  audit_seals: 'is the trail',
  schema_migrations: 'written by migrations only, with checksums',
  // Append-only facts and ledgers: their rows are the history.
  sends: 'ledger of messages, every step with its time',
  send_keys: 'part of the ledger',
  send_batches: 'part of the ledger',
  delivery_attempts: 'part of the ledger',
  actions: 'what a plan made; the plan and its approval are in the trail',
  analytics_events: 'append-only facts',
  event_keys: 'part of the facts',
  conversions: 'derived from orders and events, with the reason in the row',
  webhook_inbox: 'what providers posted, as it came',
  provider_hooks: 'counts posts of providers',
  inbound_messages: 'what customers wrote, as it came',
  sandbox_messages: 'a toy mailbox; emptying it is in the trail',
  till_hooks: 'what tills posted, as it came',
  till_records: 'where records of tills went; orders and customers are in the trail',
  llm_calls: 'ledger of calls',
  segment_versions: 'is the history of segments',
  import_before: 'is the undo of imports',
  bulk_items: 'is the undo of bulk work',
  jobs: 'ledger of work; who started what is in the trail',
  imports: 'ledger of imports',
  exports: 'ledger of exports; each is in the trail with its reason',
  // Derived: computed anew from what is in the trail.
  customer_scores: 'computed',
  model_versions: 'computed',
  product_neighbours: 'computed',
  segment_members: 'computed; hand-picked ones by jobs that are in the trail',
  segment_counts: 'computed',
  rollup_daily: 'computed',
  rollup_delta: 'computed',
  rollup_hourly: 'computed',
  rollup_orders: 'computed',
  rollup_orders_delta: 'computed',
  rollup_state: 'computed',
  links: 'addresses of links in messages, made once and never changed',
  // Sign-in: what happened is in the trail as events, and the rows hold secrets.
  sessions: 'opening and ending are events of the trail',
  refresh_tokens: 'chain of a session',
  user_links: 'made and used as events of the trail',
  recovery_codes: 'made and used as events of the trail',
  sign_in_attempts: 'counters of minutes',
  idempotency_keys: 'answers kept for a day',
  user_preferences: 'columns and widths of one person',
}
