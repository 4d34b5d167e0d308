-- What the planner learns from: where each customer stood when a message was planned for them (core/planning/groups.ts), and
-- what became of the messages and of those held out of them, day by day (docs/decisions/0038).

-- The group at the moment of planning; null: made before there were groups, or not by a weekly plan.
alter table actions add column customer_group text;
-- Days are asked for as a whole, and actions of a day lie together: a few pages instead of an entry per row.
create index actions_scheduled on actions using brin (scheduled_date) with (pages_per_range = 32, autosummarize = on);

-- Days whose messages are counted. Times are stages: the first week is over, the fourth is, a year is.
create table plan_result_days (
  day      date primary key,
  first_at timestamptz not null,
  later_at timestamptz,
  -- its messages no longer count as what somebody reads
  aged_at  timestamptz
);

-- One day's messages of a segment, group and arm, and beside them those held out of it by lot. No person is in it.
create table plan_results (
  day            date not null references plan_result_days(day) on delete cascade,
  segment        text not null,
  -- '' when not known
  customer_group text not null,
  outcome        text not null check (outcome in ('sent', 'held')),
  offer_key      text not null,
  offer_kind     text not null,
  channel        text not null check (channel in ('email', 'sms')),
  part           text not null check (part in ('day', 'evening')),
  n              int not null,
  opens          int not null,
  clicks         int not null,
  leaves         int not null,
  -- orders attributed to the messages
  conversions    int not null,
  -- of the seven days from the planned one, whoever got something
  orders         int not null,
  spent_cents    bigint not null,
  discount_cents bigint not null,
  -- those whose fourth week is over, and their orders of days 8 to 28
  later_n        int not null,
  later_orders   int not null,
  primary key (day, segment, customer_group, outcome, offer_key, offer_kind, channel, part)
);

-- How somebody reads what they get: messages of a year, counted with the days above.
create table customer_reading (
  customer_id uuid primary key references customers(id) on delete cascade,
  delivered   int not null,
  opened      int not null,
  clicked     int not null
) with (fillfactor = 80);
