-- Growing the list: hosted sign-up forms, the words people agree to, sign-ups that wait for their confirmation; and what
-- customers wish for beyond yes and no: topics, how often, a pause (docs/decisions/0029).

create table signup_forms (
  id         uuid primary key default uuidv7(),
  -- stands in its address, /s/<key>, on posters and in other people's pages: never changed
  key        text not null unique check (key ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
  name       text not null,
  -- the store its people belong to; null: they choose, or the QR code of a store says it
  store_id   uuid references stores(id) on delete set null,
  channels   text[] not null default '{email}' check (channels <@ '{email,sms}' and channels <> '{}'),
  headline   text not null,
  intro      text not null default '',
  thanks     text not null default '',
  asks_name  boolean not null default true,
  asks_zip   boolean not null default false,
  -- origins of pages that may show it in a frame, beside those of the shop and its stores
  sites      text[] not null default '{}',
  is_active  boolean not null default true,
  created_by uuid references users(id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- What people agree to, word for word; a change is a new version and nothing is ever overwritten. {shop} is the name of
-- the shop. The texts keep to CTIA's list: who, what, how often, rates, no condition of purchase, STOP and HELP.
create table consent_texts (
  id         uuid primary key default uuidv7(),
  channel    text not null check (channel in ('email', 'sms')),
  version    int not null,
  text       text not null,
  created_by uuid references users(id) on delete set null,
  created_at timestamptz not null default now(),
  unique (channel, version)
);
insert into consent_texts (channel, version, text) values
  ('email', 1, 'Yes, {shop} may send me offers and news by email. I can unsubscribe at any time with the link in every email.'),
  ('sms', 1, 'Yes, {shop} may send me recurring automated marketing texts at this number. Consent is not a condition of purchase. Message frequency varies. Message and data rates may apply. Reply STOP to end, HELP for help.');

-- One row per channel of what somebody sent in. It becomes consent only when the owner of the address confirms it; what
-- was not confirmed is deleted after a week. A confirmed one is the proof behind a row of consents.
create table signups (
  id                   uuid primary key default uuidv7(),
  submission_id        uuid not null,
  form_id              uuid not null references signup_forms(id) on delete cascade,
  store_id             uuid references stores(id) on delete set null,
  channel              text not null check (channel in ('email', 'sms')),
  address              text not null,
  -- given to the customer when it is confirmed, and forgotten here
  first_name           text,
  birth_date           date,
  zip                  text,
  text_version         text not null,
  -- the words as they stood on the page
  consent_text         text not null,
  via                  text not null check (via in ('page', 'embed', 'qr')),
  page                 text,
  ip                   inet,
  user_agent           text,
  -- refused: the address is closed, and nobody is told so on the page
  status               text not null default 'pending' check (status in ('pending', 'confirmed', 'refused')),
  refused_because      text,
  -- the message that asks for the confirmation
  ask_at               timestamptz,
  asked_at             timestamptz,
  ask_tries            int not null default 0,
  ask_error            text,
  customer_id          uuid references customers(id) on delete cascade,
  confirmed_at         timestamptz,
  confirmed_by         text check (confirmed_by in ('link', 'reply')),
  confirmed_ip         inet,
  confirmed_user_agent text,
  created_at           timestamptz not null default now(),
  unique (submission_id, channel)
);
create index signups_ask on signups (ask_at) where ask_at is not null;
create index signups_address on signups (channel, address, created_at desc);
create index signups_ip on signups (ip, created_at);
create index signups_form on signups (form_id, created_at desc);
create index signups_customer on signups (customer_id);
create index signups_waiting on signups (created_at) where status <> 'confirmed';

-- Sums that stay when sign-ups go; nobody is in them.
create table signup_counts (
  form_id   uuid not null references signup_forms(id) on delete cascade,
  day       date not null,
  via       text not null check (via in ('page', 'embed', 'qr')),
  shown     int not null default 0,
  sent      int not null default 0,
  confirmed int not null default 0,
  under_age int not null default 0,
  -- filled the trap, came too fast, or too often
  robots    int not null default 0,
  -- the address is closed
  closed    int not null default 0,
  primary key (form_id, day, via)
);

alter table consents add column signup_id uuid references signups(id) on delete set null;

-- What a customer wishes for; no row: everything, as often as the shop sends.
create table customer_preferences (
  customer_id  uuid primary key references customers(id) on delete cascade,
  -- topics that are not wanted (core/compliance/wishes.ts)
  topics_off   text[] not null default '{}',
  -- at most one message in so many days; null: as the shop sends
  every_days   int check (every_days in (7, 14, 28)),
  paused_until timestamptz,
  updated_at   timestamptz not null default now()
);
