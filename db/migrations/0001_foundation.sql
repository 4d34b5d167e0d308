-- Shared ground: extensions, time-ordered ids, people who sign in, the shop, the audit trail.

create extension if not exists citext;
create extension if not exists pg_trgm;

-- PostgreSQL 18 has uuidv7(); older servers get a function of the same name (RFC 9562 §5.7).
do $$
begin
  if to_regprocedure('pg_catalog.uuidv7()') is null then
    execute $f$
      create function uuidv7() returns uuid language sql volatile parallel safe as $body$
        select encode(
          set_byte(
            set_byte(overlay(uuid_send(gen_random_uuid()) placing
              substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
              6, (get_byte(uuid_send(gen_random_uuid()), 6) & 15) | 112),
            8, (get_byte(uuid_send(gen_random_uuid()), 8) & 63) | 128), 'hex')::uuid
      $body$
    $f$;
  end if;
end $$;

-- Smallest UUIDv7 of an instant: the bound of a time range over an id (partitions, pruning).
create function uuidv7_floor(at timestamptz) returns uuid language sql immutable strict parallel safe as $$
  select encode(
    substring(int8send((extract(epoch from at) * 1000)::bigint) from 3)
      || '\x7000'::bytea || '\x8000000000000000'::bytea, 'hex')::uuid
$$;

-- A random UUIDv7 that carries the given instant: for facts that happened earlier than they are written.
create function uuidv7_at(at timestamptz) returns uuid language sql volatile strict parallel safe as $$
  select encode(
    substring(int8send((extract(epoch from at) * 1000)::bigint) from 3)
      || substring(uuid_send(uuidv7()) from 7), 'hex')::uuid
$$;

create table users (
  id            uuid primary key default uuidv7(),
  email         citext not null unique,
  password_hash text not null,
  full_name     text,
  role          text not null default 'user' check (role in ('admin', 'manager', 'user')),
  is_active     boolean not null default true,
  -- the password of the demo, which everybody can read; false once it was changed
  has_public_password boolean not null default false,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);

-- One row per issued refresh token; a family is one sign-in. Reuse of a spent token kills the family.
create table refresh_tokens (
  id          uuid primary key default uuidv7(),
  family_id   uuid not null,
  user_id     uuid not null references users(id) on delete cascade,
  token_hash  bytea not null unique,
  user_agent  text,
  expires_at  timestamptz not null,
  used_at     timestamptz,
  revoked_at  timestamptz,
  created_at  timestamptz not null default now()
);
create index refresh_tokens_family on refresh_tokens (family_id);
create index refresh_tokens_user on refresh_tokens (user_id);

create table api_keys (
  id           uuid primary key default uuidv7(),
  name         text not null,
  prefix       text not null,
  key_hash     bytea not null unique,
  scopes       text[] not null default '{}',
  created_by   uuid references users(id) on delete set null,
  last_used_at timestamptz,
  revoked_at   timestamptz,
  created_at   timestamptz not null default now()
);

-- Shop-wide settings, one row per name; the shape of each value is a zod schema in contract/settings.ts.
create table settings (
  name       text primary key,
  value      jsonb not null,
  updated_by uuid references users(id) on delete set null,
  updated_at timestamptz not null default now()
);

create table stores (
  id             uuid primary key default uuidv7(),
  external_id    text unique,
  name           text not null,
  legal_name     text not null,
  licence_number text,
  address        text not null,
  city           text not null,
  state          text not null check (state ~ '^[A-Z]{2}$'),
  zip            text not null,
  time_zone      text not null,
  phone          text,
  sells          text[] not null default '{spirits,wine,beer}',
  is_demo        boolean not null default false,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now()
);

-- Append only. Who changed what, before and after; actor is a user, an API key or a system job.
create table audit_log (
  id          uuid primary key default uuidv7(),
  actor_kind  text not null check (actor_kind in ('user', 'api_key', 'cli', 'system', 'customer')),
  actor_id    uuid,
  action      text not null,
  entity      text not null,
  entity_id   text,
  before      jsonb,
  after       jsonb,
  reason      text,
  request_id  text,
  at          timestamptz not null default now()
);
create index audit_log_entity on audit_log (entity, entity_id, id desc);

-- Answers of creating posts, by Idempotency-Key; kept 24 h.
create table idempotency_keys (
  key          text primary key,
  actor        text not null,
  request_hash bytea not null,
  status       int,
  response     jsonb,
  created_at   timestamptz not null default now()
);

-- Long work a person waits for: imports, plan generation, scoring. The queue only wakes the worker up.
create table jobs (
  id          uuid primary key default uuidv7(),
  kind        text not null,
  input       jsonb not null default '{}',
  status      text not null default 'queued' check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  done        bigint not null default 0,
  total       bigint,
  message     text,
  result      jsonb,
  error       text,
  created_by  uuid references users(id) on delete set null,
  created_at  timestamptz not null default now(),
  started_at  timestamptz,
  finished_at timestamptz
);
create index jobs_open on jobs (created_at) where status in ('queued', 'running');
