-- Campaigns that follow a customer instead of a calendar: something happens, some time passes, one message goes.

create table campaign_triggers (
  campaign_id uuid primary key references campaigns(id) on delete cascade,
  -- what starts it, how long it waits, what ends the waiting, what is sent (core/planning/trigger.ts)
  trigger     jsonb not null,
  -- what happened before is known; null: the campaign has not started yet
  checked_to  timestamptz
);

-- Whoever a trigger caught: once for each thing that happened.
create table trigger_entries (
  id          uuid primary key default uuidv7(),
  campaign_id uuid not null references campaigns(id) on delete cascade,
  customer_id uuid not null references customers(id) on delete cascade,
  -- names what happened, so that it is caught once however often one looks
  event_key   text not null,
  event_at    timestamptz not null,
  ready_at    timestamptz not null,
  status      text not null default 'waiting' check (status in ('waiting', 'sent', 'holdout', 'skipped', 'exited')),
  -- rule that refused it, or the exit that was taken
  because     text,
  decided_at  timestamptz,
  unique (campaign_id, customer_id, event_key)
);
create index trigger_entries_ready on trigger_entries (campaign_id, ready_at) where status = 'waiting';
create index trigger_entries_customer on trigger_entries (customer_id);

-- Nothing leaves before: the minute in which a start can still be taken back.
alter table campaigns add column hold_until timestamptz;
