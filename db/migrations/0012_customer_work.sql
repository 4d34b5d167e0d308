-- Work on many customers at once: saved views, bulk jobs with undo, exports, merging, erasure.

-- A job that can be taken back, until when, and the job that did it.
alter table jobs add column undo_until timestamptz;
alter table jobs add column undone_by uuid references jobs(id) on delete set null;

-- How each user likes the tables: columns with their order, and density. Shape: contract/views.ts.
create table user_preferences (
  user_id    uuid primary key references users(id) on delete cascade,
  value      jsonb not null default '{}',
  updated_at timestamptz not null default now()
);

-- A filter of the customer list with its order and columns, under a name. A shared one outlives its user.
create table views (
  id         uuid primary key default uuidv7(),
  owner_id   uuid references users(id) on delete set null,
  name       text not null,
  is_shared  boolean not null default false,
  filters    jsonb not null default '{}',
  sort       text,
  columns    text[],
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index views_name on views (owner_id, lower(name));

-- Whom a bulk job means, written down when it begins: what matches a filter may change while the job changes it.
-- No foreign key to customers: the row is a note of the job, and a removed customer is nobody's to change.
create table bulk_items (
  job_id      uuid not null references jobs(id) on delete cascade,
  customer_id uuid not null,
  state       text not null default 'waiting' check (state in ('waiting', 'changed', 'same', 'undone')),
  -- what an undo puts back where "changed" alone does not say it
  before      jsonb,
  primary key (job_id, customer_id)
);

-- Erased: nothing is left but an id that orders hang on. Merged: the row stays so that its number, email and phone
-- still lead to the customer it became a part of (see identities).
alter table customers add column erased_at timestamptz;
alter table customers add column merged_into uuid references customers(id) on delete cascade;
create index customers_merged on customers (merged_into) where merged_into is not null;

-- Who is meant by a number, an email or a phone: keys of merged customers mean the one they were merged into. Files and
-- tills look people up here. own_* are the keys of the customer that is meant; they differ only behind a merge.
create view identities as
  select coalesce(c.merged_into, c.id) as id, c.external_id, c.email, c.phone, c.merged_into is not null as is_merged,
    case when c.merged_into is null then c.deleted_at
      else (select k.deleted_at from customers as k where k.id = c.merged_into) end as deleted_at,
    case when c.merged_into is null then c.external_id
      else (select k.external_id from customers as k where k.id = c.merged_into) end as own_external_id,
    case when c.merged_into is null then c.email
      else (select k.email from customers as k where k.id = c.merged_into) end as own_email
  from customers as c;

-- Two customers that were one. `before` is what an undo puts back, `moved` the ids of what changed its customer.
create table customer_merges (
  id         uuid primary key default uuidv7(),
  kept_id    uuid not null references customers(id) on delete cascade,
  merged_id  uuid not null references customers(id) on delete cascade,
  before     jsonb,
  moved      jsonb not null default '{}',
  undo_until timestamptz not null,
  undone_at  timestamptz,
  created_by uuid references users(id) on delete set null,
  created_at timestamptz not null default now()
);
create index customer_merges_kept on customer_merges (kept_id);
create index customer_merges_merged on customer_merges (merged_id);

-- Who put an address on the list by hand, and why; job_id finds what one bulk job added.
alter table suppressions add column note text;
alter table suppressions add column created_by uuid references users(id) on delete set null;
alter table suppressions add column job_id uuid references jobs(id) on delete set null;
create index suppressions_job on suppressions (job_id) where job_id is not null;

alter table exports add column job_id uuid references jobs(id) on delete set null;
alter table exports add column status text not null default 'queued'
  check (status in ('queued', 'ready', 'expired', 'withdrawn'));
alter table exports add column is_masked boolean not null default false;
alter table exports add column bytes bigint;
alter table exports add column expires_at timestamptz;
-- Reasons are free text: erasing somebody looks through the few lines that have one.
create index audit_log_reason on audit_log (id) where reason is not null;
