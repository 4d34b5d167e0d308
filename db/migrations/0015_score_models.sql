-- Every score says which model made it and from what. The model itself, its exam and its data are kept.

create table model_versions (
  version     text primary key,
  as_of       timestamptz not null,
  -- what scores are computed from (core/scoring/shop-model.ts)
  model       jsonb not null,
  -- how it was fitted, and on which data
  fit         jsonb not null,
  -- the last weeks of the shop as an exam; null: too young to be tested
  backtest    jsonb,
  created_at  timestamptz not null default now()
);
create index model_versions_recent on model_versions (created_at desc, as_of desc, version);

-- Products that the same people buy, the closest first; made anew with each model.
create table product_neighbours (
  product_id   uuid not null references products(id) on delete cascade,
  neighbour_id uuid not null references products(id) on delete cascade,
  -- customers of the sample who bought both within a year
  customers    int not null,
  similarity   real not null,
  primary key (product_id, neighbour_id)
);

-- Sentences are made from these when somebody reads them (core/scoring/reasons.ts).
alter table customer_scores
  drop column reasons,
  add column input_hash          text,
  add column transactions        int not null default 0,
  add column days_since_last     int,
  add column is_overdue          boolean not null default false,
  add column horizon_weeks       real,
  add column timed_orders        int not null default 0,
  add column night_orders        int not null default 0,
  add column weekday_orders      int not null default 0,
  add column discounted_orders   int not null default 0,
  add column messages_delivered  int not null default 0,
  add column messages_answered   int not null default 0,
  add column price_tier          text,
  add column size_class          text,
  add column occasion            text,
  add column preferred_offer     text,
  add column preferred_channel   text;

-- Who may leave, the most valuable first.
drop index customer_scores_churn;
create index customer_scores_churn on customer_scores (churn_risk, clv_cents desc nulls last, customer_id);

-- Which orders changed since the last scoring: a few pages, whatever the number of orders.
create index orders_updated on orders using brin (updated_at) with (pages_per_range = 32, autosummarize = on);
