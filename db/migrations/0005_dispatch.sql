-- The send ledger (design.md §9). sends and analytics_events are range-partitioned by their UUIDv7 id:
-- the id carries the time, so primary and foreign keys stay on id alone and old months drop whole.

create table sends (
  id                  uuid not null default uuidv7() primary key,
  action_id           uuid references actions(id) on delete cascade,
  customer_id         uuid references customers(id) on delete set null,
  campaign_id         uuid references campaigns(id) on delete cascade,
  channel             text not null check (channel in ('email', 'sms')),
  recipient           text not null,
  template_id         uuid references message_templates(id) on delete set null,
  -- Liquid variables frozen at materialisation: with template_id they rebuild the body exactly.
  variables           jsonb not null default '{}',
  due_at              timestamptz not null,
  window_end          timestamptz not null,
  status              text not null default 'pending' check (status in ('pending', 'claimed', 'sent', 'delivered',
                        'failed', 'bounced', 'skipped', 'cancelled', 'unknown')),
  batch_id            uuid,
  provider            text,
  provider_message_id text,
  -- rule that refused it, when skipped
  refused_by          text,
  error_message       text,
  retry_count         int not null default 0,
  sent_at             timestamptz,
  delivered_at        timestamptz,
  opened_at           timestamptz,
  clicked_at          timestamptz,
  converted_at        timestamptz,
  conversion_cents    bigint,
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
) partition by range (id);
create table sends_default partition of sends default;
create index sends_due on sends (campaign_id, channel, due_at) where status = 'pending';
create index sends_window on sends (window_end) where status = 'pending';
create index sends_batch on sends (batch_id) where status = 'claimed';
create index sends_campaign on sends (campaign_id, status);
create index sends_customer on sends (customer_id, id desc);
create index sends_action on sends (action_id);
-- One message per action and channel, however often "start" is pressed. The partition key must be part of
-- a unique index, so the guard is a table of its own.
create table send_keys (
  action_id uuid not null references actions(id) on delete cascade,
  channel   text not null,
  send_id   uuid not null,
  primary key (action_id, channel)
);

-- A lease on a set of sends, held by one worker. lock_key is a session advisory lock of the worker:
-- PostgreSQL frees it when the process dies, so another worker takes over at once; leased_until is the
-- back-stop for a worker that hangs.
create table send_batches (
  id           uuid primary key default uuidv7(),
  campaign_id  uuid references campaigns(id) on delete cascade,
  worker_id    text not null,
  lock_key     bigint not null,
  size         int not null,
  leased_until timestamptz not null,
  closed_at    timestamptz,
  created_at   timestamptz not null default now()
);
create index send_batches_open on send_batches (leased_until) where closed_at is null;

-- Written before the message leaves (outcome null) and completed afterwards.
create table delivery_attempts (
  id                  uuid primary key default uuidv7(),
  send_id             uuid not null,
  batch_id            uuid,
  attempt             int not null,
  provider            text not null,
  message_id          text,
  outcome             text check (outcome in ('accepted', 'rejected', 'deferred', 'unknown')),
  code                text,
  detail              text,
  started_at          timestamptz not null default now(),
  finished_at         timestamptz,
  unique (send_id, attempt)
);
create index delivery_attempts_open on delivery_attempts (batch_id) where outcome is null;

-- Messages of the sandbox channel: what the customer would have seen. Nothing leaves the machine.
create table sandbox_messages (
  id           uuid primary key default uuidv7(),
  send_id      uuid not null,
  message_id   text not null,
  channel      text not null check (channel in ('email', 'sms')),
  sender       text not null,
  recipient    text not null,
  subject      text,
  headers      jsonb not null default '{}',
  body_html    text,
  body_text    text not null,
  is_read      boolean not null default false,
  received_at  timestamptz not null default now(),
  unique (message_id)
);
create index sandbox_messages_send on sandbox_messages (send_id);
