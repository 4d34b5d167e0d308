-- Segments with their playbooks, and who is in them.

create table segments (
  id                  uuid primary key default uuidv7(),
  -- Stable name used in plans and reports; the eleven RFM segments have theirs from core/scoring.
  key                 text not null unique,
  name                text not null,
  description         text,
  kind                text not null default 'rule' check (kind in ('rfm', 'rule', 'snapshot')),
  rules               jsonb not null,
  -- playbook
  recommended_offers  jsonb not null default '[]',   -- offer kinds and keys, best first
  messaging_strategy  text,
  optimal_channels    text[] not null default '{email}',
  optimal_send_window jsonb not null default '{"start":"10:00","end":"20:00"}',
  is_active           boolean not null default true,
  customer_count      int not null default 0,
  last_computed_at    timestamptz,
  -- grows with every change; what stood before is in segment_versions
  version             int not null default 1,
  deleted_at          timestamptz,
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
);

create table segment_members (
  segment_id  uuid not null references segments(id) on delete cascade,
  customer_id uuid not null references customers(id) on delete cascade,
  entered_at  timestamptz not null default now(),
  primary key (segment_id, customer_id)
);
create index segment_members_customer on segment_members (customer_id);

-- Every state a segment was in, so that a change can be read and taken back.
create table segment_versions (
  segment_id uuid not null references segments(id) on delete cascade,
  version    int not null,
  name       text not null,
  rules      jsonb not null,
  changed_by uuid references users(id) on delete set null,
  created_at timestamptz not null default now(),
  primary key (segment_id, version)
);

-- How many were in it, and who came and went, at each refresh that changed something.
create table segment_counts (
  segment_id uuid not null references segments(id) on delete cascade,
  at         timestamptz not null,
  members    int not null,
  entered    int not null,
  "left"     int not null,
  primary key (segment_id, at)
);
