-- Several providers per channel, each with its configuration, weight and limits; and what came back through their hooks.

create table channel_providers (
  id              uuid primary key default uuidv7(),
  channel         text not null check (channel in ('email', 'sms')),
  -- which adapter: smtp, mailgun, ...; its configuration is a schema in core/delivery/providers
  kind            text not null,
  -- what attempts and sends call it; never changes, never used twice
  key             text not null unique check (key ~ '^[a-z0-9_-]{2,40}$'),
  name            text not null,
  config          jsonb not null default '{}',
  -- field -> encrypted value (server/secrets.ts)
  secrets         jsonb not null default '{}',
  -- share of the messages; 0: only a stand-in while the others are away
  weight          int not null default 1 check (weight between 0 and 100),
  is_active       boolean not null default true,
  rate_per_minute int check (rate_per_minute > 0),
  -- most messages in flight at it at once
  slots           int check (slots between 1 and 500),
  -- removed ones stay: attempts name them
  removed_at      timestamptz,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now()
);
create index channel_providers_channel on channel_providers (channel) where removed_at is null;

-- The one mail server of before becomes the first provider; its password keeps its cipher text.
insert into channel_providers (channel, kind, key, name, config, secrets)
select 'email', 'smtp', 'smtp', s.smtp ->> 'host',
  jsonb_build_object('host', s.smtp -> 'host', 'port', coalesce(s.smtp -> 'port', '587'),
    'security', case when (s.smtp ->> 'secure')::boolean then 'tls' when (s.smtp ->> 'require_tls')::boolean is false then 'maybe' else 'starttls' end,
    'user', s.smtp -> 'user'),
  case when s.smtp ->> 'pass_enc' is null then '{}' else jsonb_build_object('password', s.smtp -> 'pass_enc') end
from (select settings.value #> '{email,smtp}' as smtp from settings where settings.name = 'channels') as s
where jsonb_typeof(s.smtp) = 'object';

update settings set value = jsonb_build_object(
  'email', (coalesce(value -> 'email', '{}') - 'provider' - 'smtp')
    || jsonb_build_object('mode', case when value #>> '{email,provider}' = 'smtp' then 'live' else 'sandbox' end),
  'sms', (coalesce(value -> 'sms', '{}') - 'provider') || '{"mode": "sandbox"}')
where name = 'channels';

-- When a provider last posted to us, and why a post was last refused. Written a few times a minute at most.
create table provider_hooks (
  provider_id      uuid primary key references channel_providers(id) on delete cascade,
  last_received_at timestamptz,
  last_refused_at  timestamptz,
  last_refusal     text
);

-- A post of a mail or text provider is one row, {"events": [{"key", "body"}]}, taken apart later; `kind` says by which
-- reader. Other posts have none. An event whose message is not known yet waits in a row of its own.
alter table webhook_inbox
  add column kind text,
  add column provider_id uuid,
  add column events int not null default 1,
  add column tries int not null default 0,
  add column next_try_at timestamptz not null default now();
create index webhook_inbox_waiting on webhook_inbox (next_try_at, id) where kind is not null and status in ('received', 'parked');

-- What customers text back.
create table inbound_messages (
  id          uuid primary key default uuidv7(),
  channel     text not null check (channel in ('email', 'sms')),
  provider    text not null,
  sender      text not null,
  customer_id uuid references customers(id) on delete set null,
  -- the last message to this number before the reply
  send_id     uuid,
  body        text not null,
  meaning     text not null check (meaning in ('stop', 'start', 'help', 'other')),
  because     text not null,
  is_read     boolean not null default false,
  received_at timestamptz not null default now()
);
create index inbound_messages_customer on inbound_messages (customer_id, id desc);
