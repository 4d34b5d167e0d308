-- What an operator asks first: who runs, what ran last, and is there a backup.

-- One row for each running process, renewed every few seconds; whoever died is forgotten after an hour.
create table processes (
  id         uuid primary key,
  host       text not null,
  pid        int not null,
  roles      text[] not null,
  version    text not null,
  started_at timestamptz not null default now(),
  seen_at    timestamptz not null default now(),
  rss_bytes  bigint not null default 0
);

-- Periodic work. A duty belongs to whoever moves its row to the next slot of time first; the clock is the database's, so
-- that the clocks of the workers do not matter.
create table duties (
  name        text primary key,
  -- number of the slot of time (whole intervals since 1970) that was begun last
  tick        bigint not null,
  every_ms    bigint not null,
  process_id  uuid,
  started_at  timestamptz not null,
  -- null: it does not run now; in the past: whoever ran it died
  busy_until  timestamptz,
  finished_at timestamptz,
  took_ms     int,
  runs        bigint not null default 0,
  failures    bigint not null default 0,
  -- of the last run; null: it went well
  error       text
) with (fillfactor = 50);

create table backups (
  id          uuid primary key default uuidv7(),
  reason      text not null check (reason in ('manual', 'schedule', 'move')),
  status      text not null default 'running' check (status in ('running', 'succeeded', 'failed')),
  -- where it lies, as this installation names it: a path, or s3://bucket/key
  location    text,
  bytes       bigint,
  rows        bigint,
  tables      int,
  error       text,
  started_at  timestamptz not null default now(),
  finished_at timestamptz,
  -- when every count and checksum of the file was last compared with what was read back from it
  verified_at timestamptz,
  -- the file was deleted by age
  expired_at  timestamptz
);
create index backups_newest on backups (id desc);
