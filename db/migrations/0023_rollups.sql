-- Day sums above the hourly ones, so that a year is read as fast as a week. Every writer of rollup_hourly and of orders
-- feeds them by a statement trigger in its own transaction: changes are appended to a delta table (no row that two
-- writers would wait for) and folded in by the worker; readers add what is not folded yet, so nothing is ever late.

create table rollup_state (
  id            boolean primary key default true check (id),
  -- the zone that rollup_daily's days are cut in; when the shop moves, the worker builds them anew
  zone          text not null,
  built_at      timestamptz not null default now(),
  -- older events are gone by retention: their sums stay as they are
  events_from   timestamptz not null default '-infinity',
  reconciled_at timestamptz,
  -- sums that were not a recount at the last reconciliation
  mismatches    int not null default 0,
  detail        jsonb not null default '{}'
);
insert into rollup_state (zone)
select coalesce((select s.value ->> 'time_zone' from settings as s where s.name = 'shop'), 'America/New_York');

-- One cube in four grains: the whole shop (key ''), each hour of the day ('00'..'23'), each campaign (its id), each
-- segment (its key).
create table rollup_daily (
  grain       text not null check (grain in ('all', 'hour', 'campaign', 'segment')),
  key         text not null,
  day         date not null,
  event_type  text not null,
  channel     text not null,
  machine     boolean not null,
  events      bigint not null,
  value_cents bigint not null,
  primary key (grain, event_type, day, key, channel, machine)
);
create index rollup_daily_key on rollup_daily (key, day) where grain <> 'all';

create table rollup_delta (
  hour        timestamptz not null,
  campaign_id uuid not null,
  channel     text not null,
  segment     text not null,
  event_type  text not null,
  machine     boolean not null,
  events      bigint not null,
  value_cents bigint not null
);

create table rollup_orders (
  hour           timestamptz primary key,
  orders         bigint not null,
  revenue_cents  bigint not null,
  discount_cents bigint not null
);
create table rollup_orders_delta (
  hour           timestamptz not null,
  orders         bigint not null,
  revenue_cents  bigint not null,
  discount_cents bigint not null
);

-- A rebuild writes everything itself and switches the triggers off for its own transaction.
create function rollups_are_built() returns boolean language sql stable as $$
  select coalesce(current_setting('lma.rebuilding', true), '') = 'on'
$$;

create function rollup_hourly_inserted() returns trigger language plpgsql as $$
begin
  if rollups_are_built() then return null; end if;
  insert into rollup_delta select n.hour, n.campaign_id, n.channel, n.segment, n.event_type, n.machine, n.events, n.value_cents from added as n;
  return null;
end $$;
create function rollup_hourly_updated() returns trigger language plpgsql as $$
begin
  if rollups_are_built() then return null; end if;
  insert into rollup_delta
  select n.hour, n.campaign_id, n.channel, n.segment, n.event_type, n.machine, n.events - o.events, n.value_cents - o.value_cents
  from added as n join removed as o on (n.hour, n.event_type, n.campaign_id, n.channel, n.segment, n.machine)
    = (o.hour, o.event_type, o.campaign_id, o.channel, o.segment, o.machine);
  return null;
end $$;
create function rollup_hourly_deleted() returns trigger language plpgsql as $$
begin
  if rollups_are_built() then return null; end if;
  insert into rollup_delta select o.hour, o.campaign_id, o.channel, o.segment, o.event_type, o.machine, -o.events, -o.value_cents from removed as o;
  return null;
end $$;
create trigger rollup_hourly_insert after insert on rollup_hourly referencing new table as added
  for each statement execute function rollup_hourly_inserted();
create trigger rollup_hourly_update after update on rollup_hourly referencing old table as removed new table as added
  for each statement execute function rollup_hourly_updated();
create trigger rollup_hourly_delete after delete on rollup_hourly referencing old table as removed
  for each statement execute function rollup_hourly_deleted();

create function orders_inserted() returns trigger language plpgsql as $$
begin
  if rollups_are_built() then return null; end if;
  insert into rollup_orders_delta
  select date_trunc('hour', n.ordered_at, 'UTC'), count(*), sum(n.total_cents), sum(n.discount_cents) from added as n group by 1;
  return null;
end $$;
create function orders_updated() returns trigger language plpgsql as $$
begin
  if rollups_are_built() then return null; end if;
  insert into rollup_orders_delta
  select c.hour, sum(c.n), sum(c.total), sum(c.discount)
  from (
    select date_trunc('hour', n.ordered_at, 'UTC') as hour, 1 as n, n.total_cents as total, n.discount_cents as discount from added as n
    union all select date_trunc('hour', o.ordered_at, 'UTC'), -1, -o.total_cents, -o.discount_cents from removed as o
  ) as c group by 1 having sum(c.n) <> 0 or sum(c.total) <> 0 or sum(c.discount) <> 0;
  return null;
end $$;
create function orders_deleted() returns trigger language plpgsql as $$
begin
  if rollups_are_built() then return null; end if;
  insert into rollup_orders_delta
  select date_trunc('hour', o.ordered_at, 'UTC'), -count(*), -sum(o.total_cents), -sum(o.discount_cents) from removed as o group by 1;
  return null;
end $$;
create trigger orders_rollup_insert after insert on orders referencing new table as added
  for each statement execute function orders_inserted();
create trigger orders_rollup_update after update on orders referencing old table as removed new table as added
  for each statement execute function orders_updated();
create trigger orders_rollup_delete after delete on orders referencing old table as removed
  for each statement execute function orders_deleted();

-- What is there already; the worker folds it in.
insert into rollup_delta
select r.hour, r.campaign_id, r.channel, r.segment, r.event_type, r.machine, r.events, r.value_cents from rollup_hourly as r;
insert into rollup_orders
select date_trunc('hour', o.ordered_at, 'UTC'), count(*), sum(o.total_cents), sum(o.discount_cents) from orders as o group by 1;

-- Lift of several campaigns, best offers and "when do they buy" look at conversions by send.
create index conversions_send on conversions (send_id);
