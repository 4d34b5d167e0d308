-- What may be offered, said and planned.

-- Offers are typed (core/planning/offer.ts): law, margin and text are computed from the fields.
create table offers (
  id                  uuid primary key default uuidv7(),
  key                 text not null unique,
  title               text not null,
  kind                text not null check (kind in ('percent_off', 'amount_off', 'multi_buy', 'bogo', 'free_item', 'gift',
                        'points', 'price_point', 'early_access', 'tasting_event', 'content')),
  -- percent for percent_off/multi_buy, cents for amount_off/price_point, count for points; null otherwise
  value               numeric(12, 2),
  min_quantity        int,
  department          text check (department in ('spirits', 'wine', 'beer', 'other')),
  category            text,
  product_ids         uuid[] not null default '{}',
  min_spend_cents     bigint,
  funded_by           text not null default 'store' check (funded_by in ('store', 'supplier')),
  redeemable_as_coupon boolean not null default false,
  code                text,
  unit_cost_cents     bigint,
  regular_price_cents bigint,
  valid_from          date,
  valid_to            date,
  is_active           boolean not null default true,
  is_demo             boolean not null default false,
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
);

create table message_templates (
  id                 uuid primary key default uuidv7(),
  key                text not null,
  version            int not null default 1,
  name               text not null,
  channel            text not null check (channel in ('email', 'sms')),
  category           text not null,
  subject_template   text,
  preheader_template text,
  body_mjml_template text,      -- email source
  body_html_template text,      -- compiled from the MJML; Liquid holes left in
  body_text_template text not null,
  variables          jsonb not null default '[]',
  is_active          boolean not null default true,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  unique (key, version),
  check (channel <> 'email' or (subject_template is not null and body_html_template is not null))
);

create table campaigns (
  id                uuid primary key default uuidv7(),
  name              text not null,
  description       text,
  type              text not null default 'weekly_plan' check (type in ('weekly_plan', 'one_time', 'triggered')),
  status            text not null default 'draft' check (status in ('draft', 'approved', 'scheduled', 'active', 'paused', 'completed', 'cancelled')),
  start_date        date not null,
  end_date          date not null check (end_date >= start_date),
  target_segments   text[] not null default '{}',
  target_kpis       jsonb not null default '[]',
  -- Counters are derived from sends and analytics_events, kept here for lists (server/counters.ts).
  total_sends       int not null default 0,
  completed_sends   int not null default 0,
  failed_sends      int not null default 0,
  opens             int not null default 0,
  clicks            int not null default 0,
  conversions       int not null default 0,
  revenue_cents     bigint not null default 0,
  engine            text not null default 'heuristic' check (engine in ('llm', 'heuristic', 'manual')),
  engine_note       text,
  llm_prompt        text,
  weekly_plan       jsonb,
  plan_version      int not null default 0,
  -- when set, only these customers: a plan made from a chosen list of actions
  customer_ids      uuid[],
  -- when set, only these segments are planned for
  only_segments     text[],
  holdout_share     real not null default 0.1 check (holdout_share >= 0 and holdout_share < 1),
  -- What to do with sends whose fate a crash left unknown: marketing is not blindly repeated.
  resend_unknown    boolean not null default false,
  pause_reason      text,
  approved_by       uuid references users(id) on delete set null,
  approved_at       timestamptz,
  started_at        timestamptz,
  finished_at       timestamptz,
  is_demo           boolean not null default false,
  created_by        uuid references users(id) on delete set null,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now()
);
create index campaigns_status on campaigns (status);

create table actions (
  id             uuid primary key default uuidv7(),
  campaign_id    uuid references campaigns(id) on delete cascade,
  customer_id    uuid not null references customers(id) on delete cascade,
  plan_entry_id  text,
  segment        text not null,
  priority_score real not null,
  reason         text not null,
  -- terms behind the reason, for the curious
  terms          jsonb not null default '{}',
  offer_id       uuid references offers(id) on delete set null,
  offer          jsonb not null,
  template_id    uuid references message_templates(id) on delete set null,
  creative_hint  text,
  scheduled_date date,
  send_window    jsonb,
  channels       text[] not null default '{email}',
  status         text not null default 'proposed' check (status in ('proposed', 'pending', 'queued', 'sent', 'failed', 'skipped', 'holdout')),
  -- verdict that stopped it, when skipped
  refused_by     text,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now()
);
create index actions_campaign on actions (campaign_id, status);
create index actions_customer on actions (customer_id);
create index actions_proposed on actions (priority_score desc, id) where status = 'proposed';
create unique index actions_once_a_day on actions (campaign_id, customer_id, scheduled_date) where campaign_id is not null;

create table campaign_variants (
  id          uuid primary key default uuidv7(),
  campaign_id uuid not null references campaigns(id) on delete cascade,
  key         text not null,
  weight      real not null default 1,
  content     jsonb not null default '{}',
  unique (campaign_id, key)
);

create table experiments (
  id          uuid primary key default uuidv7(),
  campaign_id uuid references campaigns(id) on delete cascade,
  name        text not null,
  salt        text not null,
  kind        text not null default 'holdout' check (kind in ('holdout', 'ab')),
  arms        jsonb not null,
  status      text not null default 'running' check (status in ('draft', 'running', 'finished')),
  created_at  timestamptz not null default now()
);

create table llm_calls (
  id            uuid primary key default uuidv7(),
  purpose       text not null,
  campaign_id   uuid references campaigns(id) on delete set null,
  model         text not null,
  input_hash    bytea not null,
  input_tokens  int,
  output_tokens int,
  cost_micros   bigint,
  latency_ms    int,
  outcome       text not null,
  created_at    timestamptz not null default now()
);
