-- The knowledge base: who our customers are, what they bought, what we sell, what they allowed us to do.

create table imports (
  id          uuid primary key default uuidv7(),
  kind        text not null check (kind in ('customers', 'orders', 'products')),
  -- name of the file as the user knows it; path is where we keep it
  source      text not null,
  path        text,
  file_hash   bytea,
  mapping     jsonb not null default '{}',
  options     jsonb not null default '{}',
  status      text not null default 'queued' check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  -- reading, checking, merging
  phase       text,
  dry_run     boolean not null default false,
  job_id      uuid references jobs(id) on delete set null,
  bytes_total bigint not null default 0,
  bytes_read  bigint not null default 0,
  rows_read   bigint not null default 0,
  -- rows_read = new + changed + same + duplicate + rejected when it is finished
  rows_new    bigint not null default 0,
  rows_changed bigint not null default 0,
  rows_same   bigint not null default 0,
  rows_duplicate bigint not null default 0,
  rows_rejected bigint not null default 0,
  rejects_path text,
  -- reasons and notes with their counts, what was created besides, encoding, delimiter, rate
  summary     jsonb not null default '{}',
  error       text,
  created_by  uuid references users(id) on delete set null,
  created_at  timestamptz not null default now(),
  started_at  timestamptz,
  finished_at timestamptz
);
create index imports_recent on imports (created_at desc, id desc);

create table customers (
  id            uuid primary key default uuidv7(),
  external_id   text unique,
  email         citext unique,
  phone         text unique check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  name          text,
  first_name    text,
  birth_date    date,
  age_status    text not null default 'unknown' check (age_status in ('dob_verified', 'attested', 'unknown', 'under_age')),
  -- Consent as it stands; each change and its proof is a row of consents.
  email_consent text not null default 'unknown' check (email_consent in ('granted', 'denied', 'unknown')),
  sms_consent   text not null default 'unknown' check (sms_consent in ('granted', 'denied', 'unknown')),
  address       text,
  city          text,
  state         text check (state ~ '^[A-Z]{2}$'),
  zip           text,
  -- Every zone the customer may live in; send windows are intersected over all of them.
  time_zones    text[] not null default '{}',
  store_id      uuid references stores(id) on delete set null,
  tags          text[] not null default '{}',
  raw_data      jsonb,
  is_demo       boolean not null default false,
  import_id     uuid references imports(id) on delete set null,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  deleted_at    timestamptz,
  -- A purchase-only customer (loyalty number, no address) is known but cannot be contacted.
  check (deleted_at is not null or email is not null or phone is not null or external_id is not null)
);
create index customers_name_trgm on customers using gin (name gin_trgm_ops);
create index customers_email_trgm on customers using gin ((email::text) gin_trgm_ops);
create index customers_phone_trgm on customers using gin (phone gin_trgm_ops);
create index customers_external_trgm on customers using gin (external_id gin_trgm_ops);
create index customers_name on customers (name, id) where deleted_at is null;
create index customers_tags on customers using gin (tags);
create index customers_live on customers (id) where deleted_at is null;
create index customers_store on customers (store_id);

create table products (
  id              uuid primary key default uuidv7(),
  sku             text not null unique,
  name            text not null,
  brand           text,
  -- Law speaks of spirits, wine and beer; shopkeepers speak of Bourbon and Chardonnay. Both are kept.
  department      text not null check (department in ('spirits', 'wine', 'beer', 'other')),
  category        text not null,
  size_ml         int check (size_ml > 0),
  price_cents     bigint not null check (price_cents >= 0),
  unit_cost_cents bigint check (unit_cost_cents >= 0),
  stock           int,
  is_active       boolean not null default true,
  is_demo         boolean not null default false,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now()
);
create index products_category on products (category);
create index products_brand on products (brand);

create table orders (
  id             uuid primary key default uuidv7(),
  external_id    text not null unique,
  customer_id    uuid not null references customers(id) on delete cascade,
  store_id       uuid references stores(id) on delete set null,
  ordered_at     timestamptz not null,
  total_cents    bigint not null,
  discount_cents bigint not null default 0,
  coupon_code    text,
  currency       text not null default 'USD',
  is_demo        boolean not null default false,
  import_id      uuid references imports(id) on delete set null,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now()
);
create index orders_customer on orders (customer_id, ordered_at desc);
-- covering: revenue by day reads the index alone
create index orders_at on orders (ordered_at) include (total_cents);

create table order_items (
  id             uuid primary key default uuidv7(),
  order_id       uuid not null references orders(id) on delete cascade,
  product_id     uuid not null references products(id),
  quantity       numeric(12, 3) not null,
  -- What was paid for the line, after discounts.
  total_cents    bigint not null,
  discount_cents bigint not null default 0,
  unique (order_id, product_id)
);
create index order_items_product on order_items (product_id);

-- Proof of consent: append only, newest row per channel is what customers.*_consent shows.
create table consents (
  id           uuid primary key default uuidv7(),
  customer_id  uuid not null references customers(id) on delete cascade,
  channel      text not null check (channel in ('email', 'sms')),
  status       text not null check (status in ('granted', 'denied')),
  source       text not null,
  text_version text,
  ip           inet,
  user_agent   text,
  given_at     timestamptz not null,
  created_at   timestamptz not null default now()
);
create index consents_customer on consents (customer_id, channel, given_at desc);

-- Addresses that must not be contacted. The address itself is kept only as a keyed hash so that it
-- survives erasure; customer_id is for display while the customer exists.
create table suppressions (
  id           uuid primary key default uuidv7(),
  channel      text not null check (channel in ('email', 'sms', 'all')),
  address_hash bytea not null,
  customer_id  uuid references customers(id) on delete set null,
  reason       text not null check (reason in ('unsubscribe', 'hard_bounce', 'complaint', 'stop', 'manual', 'erased')),
  send_id      uuid,
  is_demo      boolean not null default false,
  created_at   timestamptz not null default now(),
  unique (channel, address_hash)
);
create index suppressions_customer on suppressions (customer_id);

-- Scores sit beside the customer so that re-scoring a million does not rewrite a million profiles.
create table customer_scores (
  customer_id         uuid primary key references customers(id) on delete cascade,
  model_version       text not null,
  as_of               timestamptz not null,
  -- facts
  purchase_frequency  int not null default 0,        -- number of orders
  total_spent_cents   bigint not null default 0,
  avg_order_value_cents bigint,
  first_purchase_at   timestamptz,
  last_purchase_at    timestamptz,
  -- RFM (facts/science.md §7.1)
  recency_score       smallint check (recency_score between 1 and 5),
  frequency_score     smallint check (frequency_score between 1 and 5),
  monetary_score      smallint check (monetary_score between 1 and 5),
  aov_score           smallint check (aov_score between 1 and 5),
  rfm_segment         text not null,
  -- what the last run computed but held back until the next one says the same (core/scoring/rfm.ts)
  rfm_candidate       text,
  -- churn and value
  churn_probability   real,
  churn_risk          text check (churn_risk in ('low', 'medium', 'high', 'new')),
  clv_cents           bigint,
  clv_low_cents       bigint,
  clv_high_cents      bigint,
  -- rhythm
  expected_gap_days   real,
  due_ratio           real,
  next_purchase_at    timestamptz,
  next_purchase_from  timestamptz,
  next_purchase_to    timestamptz,
  avg_purchase_hour   real,                           -- circular mean, 0..24, shop local time
  is_night_buyer      boolean not null default false,
  preferred_weekday   smallint,                       -- ISO 1..7
  -- taste
  primary_category    text,
  secondary_category  text,
  favorite_brands     text[] not null default '{}',
  price_sensitivity   real,
  success_rate_pct    real,
  -- term -> plain words, shown as "why"
  reasons             jsonb not null default '{}',
  computed_at         timestamptz not null default now()
);
create index customer_scores_segment on customer_scores (rfm_segment);
create index customer_scores_churn on customer_scores (churn_risk);
create index customer_scores_category on customer_scores (primary_category);
create index customer_scores_clv on customer_scores (clv_cents desc nulls last, customer_id);
create index customer_scores_last on customer_scores (last_purchase_at desc nulls last, customer_id);
