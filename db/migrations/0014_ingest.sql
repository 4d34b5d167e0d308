-- What programs may do, and tills and web shops that tell us of their orders themselves.

alter table api_keys add column expires_at timestamptz;

-- Work that may wait: not before this instant; null: now. One waiting job of a kind stands for many reasons to run it.
alter table jobs add column due_at timestamptz;
create unique index jobs_waiting on jobs (kind) where status = 'queued' and due_at is not null;

-- A till or web shop that posts what happens there to /hooks/<kind>/<id>.
create table integrations (
  id               uuid primary key default uuidv7(),
  kind             text not null check (kind in ('shopify', 'woocommerce')),
  name             text not null,
  -- stands before its numbers of customers and orders, so that those of two tills never meet
  prefix           text not null unique,
  -- paused: what comes is kept and waits
  status           text not null default 'active' check (status in ('active', 'paused')),
  -- Signing secrets (server/secrets.ts). While one is changed for another both are good, until the instant given.
  secret_enc       text,
  old_secret_enc   text,
  old_secret_until timestamptz,
  -- contract/integrations.ts
  settings         jsonb not null default '{}',
  -- where its orders count when they do not say it themselves
  store_id         uuid references stores(id) on delete set null,
  hooks_received   bigint not null default 0,
  hooks_refused    bigint not null default 0,
  last_received_at timestamptz,
  last_refused_at  timestamptz,
  last_ping_at     timestamptz,
  created_by       uuid references users(id) on delete set null,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);

-- What was posted, as it came: answered at once, worked on by a worker, and played again when it failed.
create table till_hooks (
  id             uuid primary key default uuidv7(),
  integration_id uuid not null references integrations(id) on delete cascade,
  -- the sender's id of the delivery: the same again is the same hook
  event_key      text not null,
  topic          text not null,
  -- the bytes that were signed; personal data, so it goes a week after it was worked on
  body           bytea,
  -- when it happened, as far as the sender says
  sent_at        timestamptz,
  status         text not null default 'received' check (status in ('received', 'done', 'ignored', 'parked')),
  -- "order 1001"; never a name or an address
  subject        text,
  outcome        text,
  error          text,
  attempts       int not null default 0,
  next_try_at    timestamptz not null default now(),
  received_at    timestamptz not null default now(),
  processed_at   timestamptz,
  unique (integration_id, event_key)
);
create index till_hooks_due on till_hooks (next_try_at, id) where status = 'received';
create index till_hooks_log on till_hooks (integration_id, id desc);
create index till_hooks_parked on till_hooks (integration_id) where status = 'parked';

-- A customer or order of a till: whom or what it became here, and what is known of its latest state, so that hooks in
-- any order end the same (core/knowledge/till-order.ts).
create table till_records (
  integration_id uuid not null references integrations(id) on delete cascade,
  kind           text not null check (kind in ('customer', 'order')),
  till_id        text not null,
  customer_id    uuid references customers(id) on delete set null,
  state          jsonb not null default '{}',
  updated_at     timestamptz not null default now(),
  primary key (integration_id, kind, till_id)
);
create index till_records_customer on till_records (customer_id);
