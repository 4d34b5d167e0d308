-- Tests of one thing at a time (subject, template, offer, send time, channel) inside a campaign, the shop-wide holdout,
-- notes on charts, and reports that come by email.

-- the arm this customer was drawn into; null: the campaign tests nothing
alter table actions add column variant text;
-- held out of everything this year, not only of this campaign
alter table actions add column held_out_of_all boolean not null default false;
create index actions_variant on actions (campaign_id, variant) where variant is not null;
create index actions_held_out_of_all on actions (customer_id) where held_out_of_all;

alter table experiments
  add column hypothesis  text,
  add column dimension   text check (dimension in ('subject', 'template', 'offer', 'send_time', 'channel')),
  -- what decides: clicks and orders are shares of customers, revenue is cents per customer
  add column metric      text not null default 'orders' check (metric in ('clicks', 'orders', 'revenue')),
  -- the smallest relative difference worth acting on
  add column min_effect  real not null default 0.2 check (min_effect > 0),
  -- thompson: the arms' shares follow what the earlier weeks of the same test have shown
  add column allocation  text not null default 'fixed' check (allocation in ('fixed', 'thompson')),
  add column rollout     text not null default 'manual' check (rollout in ('manual', 'auto')),
  -- the week before of the same test
  add column continues   uuid references experiments(id) on delete set null,
  add column winner      text,
  add column decision    text,
  add column started_at  timestamptz,
  add column finished_at timestamptz,
  add column created_by  uuid references users(id) on delete set null,
  add column updated_at  timestamptz not null default now();
-- One thing is tested at a time, or nobody knows what made the difference.
create unique index experiments_one_test on experiments (campaign_id) where kind = 'ab';
alter table campaign_variants add column label text, add column position int not null default 0;

create table chart_notes (
  id         uuid primary key default uuidv7(),
  day        date not null,
  text       text not null,
  created_by uuid references users(id) on delete set null,
  created_at timestamptz not null default now()
);
create index chart_notes_day on chart_notes (day);

create table report_schedules (
  id         uuid primary key default uuidv7(),
  name       text not null,
  every      text not null check (every in ('week', 'month')),
  -- ISO weekday of a weekly one, day of the month of a monthly one
  on_day     smallint not null check (on_day between 1 and 28),
  -- hour of the shop's day
  at_hour    smallint not null check (at_hour between 0 and 23),
  period     text not null,
  recipients text[] not null check (cardinality(recipients) between 1 and 20),
  is_active  boolean not null default true,
  next_at    timestamptz not null,
  last_at    timestamptz,
  last_error text,
  created_by uuid references users(id) on delete set null,
  created_at timestamptz not null default now()
);
create index report_schedules_due on report_schedules (next_at) where is_active;
