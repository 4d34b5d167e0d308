-- What came back: append-only events, the rollups derived from them, links and raw provider posts.

create table analytics_events (
  id          uuid not null default uuidv7() primary key,
  event_type  text not null,       -- sent, delivered, open, click, unsubscribe, bounce, complaint, purchase, segment_entered, ...
  customer_id uuid,
  campaign_id uuid,
  send_id     uuid,
  channel     text,
  segment     text,
  -- true: a scanner or a mail proxy, not a person; null: cannot be told
  machine     boolean,
  value_cents bigint,
  properties  jsonb not null default '{}',
  occurred_at timestamptz not null default now()
) partition by range (id);
create table analytics_events_default partition of analytics_events default;
create index analytics_events_campaign on analytics_events (campaign_id, event_type);
create index analytics_events_customer on analytics_events (customer_id, id desc);
create index analytics_events_send on analytics_events (send_id);
create index analytics_events_occurred on analytics_events (occurred_at);
-- the latest messages, and the rate of the last minute
create index analytics_events_sent on analytics_events (occurred_at desc) where event_type = 'sent';

-- An event that may arrive twice carries a key; the key is what is unique, over all partitions.
create table event_keys (
  key      text primary key,
  event_id uuid not null,
  at       timestamptz not null default now()
);

-- Mergeable day sums over UTC hours, kept in the transaction that appends the events (server/events.ts).
create table rollup_hourly (
  hour         timestamptz not null,
  campaign_id  uuid not null default '00000000-0000-0000-0000-000000000000',
  channel      text not null default '',
  segment      text not null default '',
  event_type   text not null,
  machine      boolean not null default false,
  events       bigint not null default 0,
  value_cents  bigint not null default 0,
  primary key (hour, event_type, campaign_id, channel, segment, machine)
);
create index rollup_hourly_campaign on rollup_hourly (campaign_id, event_type);

-- Where a tracked click leads: only addresses stored here are ever redirected to.
create table links (
  id          uuid primary key default uuidv7(),
  url         text not null,
  url_hash    bytea not null unique,
  created_at  timestamptz not null default now()
);

create table conversions (
  order_id    uuid primary key references orders(id) on delete cascade,
  send_id     uuid not null,
  campaign_id uuid,
  customer_id uuid not null references customers(id) on delete cascade,
  model       text not null default 'last_touch',
  value_cents bigint not null,
  -- click (7 days) or coupon code
  because     text not null,
  created_at  timestamptz not null default now()
);
create index conversions_campaign on conversions (campaign_id);

create table webhook_inbox (
  id          uuid primary key default uuidv7(),
  provider    text not null,
  event_key   text not null,
  body        jsonb not null,
  status      text not null default 'received' check (status in ('received', 'processed', 'parked', 'failed')),
  error       text,
  received_at timestamptz not null default now(),
  unique (provider, event_key)
);

create table webhook_subscriptions (
  id         uuid primary key default uuidv7(),
  url        text not null,
  secret_enc bytea not null,
  events     text[] not null,
  is_active  boolean not null default true,
  created_at timestamptz not null default now()
);

create table exports (
  id          uuid primary key default uuidv7(),
  kind        text not null,
  params      jsonb not null default '{}',
  path        text,
  rows        bigint,
  reason      text,
  created_by  uuid references users(id) on delete set null,
  created_at  timestamptz not null default now(),
  finished_at timestamptz
);

-- Monthly partitions, made ahead by the worker and at migration; the default partition catches the rest.
create function ensure_partitions(first_month date, months int) returns int language plpgsql as $$
declare
  parent text; m date; child text; made int := 0;
begin
  foreach parent in array array['sends', 'analytics_events'] loop
    for i in 0 .. months - 1 loop
      m := (date_trunc('month', first_month) + make_interval(months => i))::date;
      child := parent || '_' || to_char(m, 'YYYY_MM');
      if to_regclass(child) is null then
        begin
          execute format('create table %I partition of %I for values from (%L) to (%L)', child, parent,
            uuidv7_floor(m::timestamp at time zone 'UTC'),
            uuidv7_floor((m + interval '1 month')::timestamp at time zone 'UTC'));
          made := made + 1;
        exception when check_violation then
          -- rows of that month already sit in the default partition: leave them there
          null;
        end;
      end if;
    end loop;
  end loop;
  return made;
end $$;

select ensure_partitions((now() - interval '24 months')::date, 30);
