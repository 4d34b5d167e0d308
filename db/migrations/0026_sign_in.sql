-- A session is one sign-in of one browser; its refresh tokens are a chain, each spent by the next.
create table sessions (
  id              uuid primary key default uuidv7(),
  user_id         uuid not null references users(id) on delete cascade,
  user_agent      text,
  ip              inet,
  created_at      timestamptz not null default now(),
  last_seen_at    timestamptz not null default now(),
  -- absolute end, however busy it is
  expires_at      timestamptz not null,
  revoked_at      timestamptz,
  revoked_because text check (revoked_because in ('signed_out', 'replayed', 'password_changed', 'by_user', 'by_admin', 'deactivated')),
  constraint sessions_revoked_because check ((revoked_at is null) = (revoked_because is null))
);
create index sessions_user on sessions (user_id, last_seen_at desc);

insert into sessions (id, user_id, user_agent, created_at, last_seen_at, expires_at, revoked_at, revoked_because)
select t.family_id, (array_agg(t.user_id))[1], (array_agg(t.user_agent order by t.id desc))[1], min(t.created_at), max(t.created_at),
  min(t.created_at) + interval '60 days', max(t.revoked_at), case when max(t.revoked_at) is not null then 'signed_out' end
from refresh_tokens as t group by t.family_id;
drop index refresh_tokens_user;
drop index refresh_tokens_family;
alter table refresh_tokens drop column user_id, drop column user_agent, drop column revoked_at;
alter table refresh_tokens rename column family_id to session_id;
alter table refresh_tokens add constraint refresh_tokens_session_id_fkey foreign key (session_id) references sessions(id) on delete cascade;
create index refresh_tokens_session on refresh_tokens (session_id);

-- Null while an invitation is open: nobody can sign in with no password.
alter table users alter column password_hash drop not null;
alter table users add column invited_at timestamptz;
alter table users add column password_changed_at timestamptz;
-- encrypted; set when it is shown, counts only when a code confirmed it
alter table users add column totp_secret_enc text;
alter table users add column totp_confirmed_at timestamptz;
-- the last time step that was used: a code is good once
alter table users add column totp_last_step bigint;

-- Links by mail: one use, short life, only a hash is kept.
create table user_links (
  id         uuid primary key default uuidv7(),
  user_id    uuid not null references users(id) on delete cascade,
  purpose    text not null check (purpose in ('invitation', 'password_reset')),
  token_hash bytea not null unique,
  expires_at timestamptz not null,
  used_at    timestamptz,
  created_at timestamptz not null default now()
);
create index user_links_user on user_links (user_id);

create table recovery_codes (
  user_id   uuid not null references users(id) on delete cascade,
  code_hash bytea not null,
  used_at   timestamptz,
  primary key (user_id, code_hash)
);

-- Attempts by keyed hash of what is tried (account, address, both), so that the table names nobody.
create table sign_in_attempts (
  key   bytea primary key,
  count int not null,
  since timestamptz not null
);
create index sign_in_attempts_since on sign_in_attempts (since);

-- Mail to the shop's own people (a link to a new password) is no reading for everybody who sees the sandbox.
alter table sandbox_messages add column for_admins boolean not null default false;
