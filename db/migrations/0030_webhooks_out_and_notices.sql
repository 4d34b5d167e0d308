-- Events that leave for other programs (Standard Webhooks), and notices for the people who work here (docs/decisions/0030).

alter table webhook_subscriptions
  add column name text not null default 'Webhook',
  -- standard: signed JSON; slack: a line of text for a chat room (Slack, Mattermost, Rocket.Chat and others read it)
  add column kind text not null default 'standard' check (kind in ('standard', 'slack')),
  -- `url` is what is shown; the address of a chat room is a secret, so it stands here
  add column url_enc bytea,
  -- while keys are changed, both sign
  add column old_secret_enc bytea,
  add column old_secret_until timestamptz,
  -- since when every try failed; null: the last one worked
  add column failing_since timestamptz,
  add column disabled_because text,
  add column last_success_at timestamptz,
  add column last_failure_at timestamptz,
  add column last_error text,
  add column created_by uuid references users(id) on delete set null,
  add column updated_at timestamptz not null default now();
alter table webhook_subscriptions alter column secret_enc drop not null;

-- One event for one subscription, until it was taken. The body is kept as it is signed: ids and facts, no names, no
-- addresses.
create table webhook_deliveries (
  id              uuid primary key default uuidv7(),
  subscription_id uuid not null references webhook_subscriptions(id) on delete cascade,
  event_type      text not null,
  body            text not null,
  status          text not null default 'waiting' check (status in ('waiting', 'delivered', 'failed')),
  attempts        int not null default 0,
  next_try_at     timestamptz not null default now(),
  -- a process holds it until then
  leased_until    timestamptz,
  response_status int,
  response_ms     int,
  error           text,
  created_at      timestamptz not null default now(),
  finished_at     timestamptz
);
create index webhook_deliveries_due on webhook_deliveries (subscription_id, next_try_at) where status = 'waiting';
create index webhook_deliveries_log on webhook_deliveries (subscription_id, id desc);
create index webhook_deliveries_old on webhook_deliveries (finished_at) where status <> 'waiting';

-- Names of our events as other programs see them; core/webhooks.ts has the same list, and a test holds them together.
create function webhook_type_of(event_type text) returns text language sql immutable as $$
  select case event_type
    when 'sent' then 'send.sent' when 'delivered' then 'send.delivered' when 'failed' then 'send.failed'
    when 'bounce' then 'send.bounced' when 'complaint' then 'send.complained' when 'open' then 'send.opened'
    when 'click' then 'send.clicked' when 'unsubscribe' then 'customer.unsubscribed'
    when 'resubscribe' then 'customer.resubscribed' when 'subscribe' then 'customer.subscribed'
    when 'preferences_changed' then 'customer.preferences_changed' when 'reply' then 'customer.replied'
    when 'segment_entered' then 'segment.entered' when 'segment_left' then 'segment.left'
    when 'conversion' then 'order.attributed'
  end
$$;

-- Written in the transaction of the event itself: what was committed leaves, what was rolled back does not. Only keys
-- that we write ourselves go along; a provider's words may quote an address.
create function webhooks_from_events() returns trigger language plpgsql as $$
begin
  insert into webhook_deliveries (subscription_id, event_type, body)
  select s.id, t.type, jsonb_build_object('type', t.type,
      'timestamp', to_char(a.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'data', jsonb_strip_nulls(jsonb_build_object('event_id', a.id, 'customer_id', a.customer_id, 'campaign_id', a.campaign_id,
        'send_id', a.send_id, 'channel', a.channel, 'segment', a.segment, 'machine', a.machine, 'value_cents', a.value_cents,
        'details', (select nullif(jsonb_object_agg(p.key, p.value), '{}') from jsonb_each(a.properties) as p
          where p.key in ('class', 'code', 'because', 'link', 'order_id', 'source', 'meaning', 'topics_off', 'every_days', 'paused_until')))))::text
  from added as a cross join lateral (select webhook_type_of(a.event_type) as type) as t
  join webhook_subscriptions as s on s.is_active and s.kind = 'standard' and t.type = any (s.events);
  return null;
end $$;
create trigger webhooks_events after insert on analytics_events referencing new table as added
  for each statement execute function webhooks_from_events();
-- Sending has no need of it while nobody listens; the first subscription to such events switches it on.
alter table only analytics_events disable trigger webhooks_events;

-- Switches the trigger as the subscriptions want it; called in the transaction of their change.
create function webhooks_listen() returns void language plpgsql as $$
declare
  wanted boolean := exists (select from webhook_subscriptions as s where s.is_active and s.kind = 'standard'
    and exists (select from unnest(s.events) as e where e not like 'campaign.%' and e not like 'notice.%'));
  listens boolean := exists (select from pg_trigger as t where t.tgrelid = 'analytics_events'::regclass
    and t.tgname = 'webhooks_events' and t.tgenabled <> 'D');
begin
  if wanted = listens then return; end if;
  perform set_config('lock_timeout', '5s', true);
  if wanted then
    alter table only analytics_events enable trigger webhooks_events;
  else
    alter table only analytics_events disable trigger webhooks_events;
  end if;
end $$;

create function webhooks_from_campaigns() returns trigger language plpgsql as $$
declare
  type text := 'campaign.' || case when new.status = 'active' and old.status = 'paused' then 'resumed'
    when new.status = 'active' then 'started' when new.status = 'draft' then 'reopened' else new.status end;
begin
  insert into webhook_deliveries (subscription_id, event_type, body)
  select s.id, type, jsonb_build_object('type', type,
      'timestamp', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'data', jsonb_build_object('campaign_id', new.id, 'name', new.name, 'campaign_type', new.type, 'status', new.status,
        'previous_status', old.status, 'total_sends', new.total_sends, 'completed_sends', new.completed_sends,
        'failed_sends', new.failed_sends))::text
  from webhook_subscriptions as s where s.is_active and type = any (s.events);
  return null;
end $$;
create trigger webhooks_campaigns after update of status on campaigns
  for each row when (old.status is distinct from new.status) execute function webhooks_from_campaigns();

-- What happened that somebody should know: typed, without names and addresses of customers. For one user, or for
-- everybody from a role upwards. The id is the cursor by which a client goes on after a break.
create table notices (
  id         uuid primary key default uuidv7(),
  kind       text not null,
  level      text not null default 'info' check (level in ('info', 'good', 'warn', 'risk')),
  -- the same key again is the same notice
  key        text unique,
  user_id    uuid references users(id) on delete cascade,
  least_role text not null default 'user' check (least_role in ('user', 'manager', 'admin')),
  facts      jsonb not null default '{}',
  -- where in the UI it leads
  path       text,
  created_at timestamptz not null default now()
);
create index notices_user on notices (user_id, id desc) where user_id is not null;

create table notice_reads (
  notice_id uuid not null references notices(id) on delete cascade,
  user_id   uuid not null references users(id) on delete cascade,
  read_at   timestamptz not null default now(),
  primary key (user_id, notice_id)
);
create index notice_reads_notice on notice_reads (notice_id);

create function webhooks_from_notices() returns trigger language plpgsql as $$
begin
  insert into webhook_deliveries (subscription_id, event_type, body)
  select s.id, 'notice.created', jsonb_build_object('type', 'notice.created',
      'timestamp', to_char(n.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'data', jsonb_build_object('notice_id', n.id, 'kind', n.kind, 'level', n.level, 'facts', n.facts, 'path', n.path))::text
  from added as n join webhook_subscriptions as s on s.is_active and 'notice.created' = any (s.events)
  where n.user_id is null;
  return null;
end $$;
create trigger webhooks_notices after insert on notices referencing new table as added
  for each statement execute function webhooks_from_notices();
