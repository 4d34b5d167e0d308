-- A message of a campaign is its own action: it names the entry of the plan that it was made by, and what it says beside the
-- template is kept once for all who are told the same. Beside each message there was an action with a copy of the entry and the
-- offer, and the whole text in the message itself: 1.6 kB and eleven index entries, a third of what making it costs the database
-- (docs/decisions/0044). Actions of their own keep the rest: proposals, and whom a plan leaves out.

-- An entry of a plan as it was when its messages were made. Never changed.
create table campaign_entries (
  id             uuid primary key default uuidv7(),
  campaign_id    uuid not null references campaigns(id) on delete cascade,
  -- sha-256 of all below: the same entry is there once
  content_hash   bytea not null,
  plan_entry_id  text not null,
  -- version of the test it belongs to
  variant        text,
  segment        text not null,
  priority_score real not null,
  offer_id       uuid references offers(id) on delete set null,
  offer          jsonb not null,
  template_id    uuid references message_templates(id) on delete set null,
  scheduled_date date not null,
  send_window    jsonb not null,
  channel        text not null check (channel in ('email', 'sms')),
  created_at     timestamptz not null default now(),
  unique (campaign_id, content_hash)
);

-- Liquid variables that are the same for many messages; a message adds its own to them (sends.variables), and its own count.
create table message_texts (
  id           uuid primary key default uuidv7(),
  campaign_id  uuid not null references campaigns(id) on delete cascade,
  content_hash bytea not null,
  variables    jsonb not null,
  created_at   timestamptz not null default now(),
  unique (campaign_id, content_hash)
);

-- References without a key, as all of this table's (docs/decisions/0040): both go with the campaign only, as the message does.
alter table sends
  -- null: not of a plan, or made by a release before this one, which wrote an action beside it
  add column entry_id uuid,
  add column text_id uuid,
  -- of the customer when it was planned (core/planning/groups.ts)
  add column customer_group text;
comment on column sends.action_id is 'An action of its own; null when the message is its own action (entry_id).';

-- Why an entry is there: said once, in the plan, which no longer changes when it has started.
create function entry_reason(campaign uuid, entry text) returns text language sql stable parallel safe as $$
  select coalesce((select e.value ->> 'reason' from campaigns as c cross join lateral jsonb_array_elements(c.weekly_plan -> 'entries') as e(value)
     where c.id = campaign and e.value ->> 'id' = entry limit 1), '')
$$;

-- Every action, whether it has a row of its own or is a message. `decided` is what is written of it, without looking for its message.
-- Ask for it by constants (an id, ids, a customer, a campaign): they reach the indexes of both tables, which a join with it does not.
create view every_action as
select a.id, a.campaign_id, a.customer_id, a.plan_entry_id, a.segment, a.priority_score, action_reason(a) as reason, a.terms, a.offer_id, a.offer, a.template_id,
  a.creative_hint, a.scheduled_date, a.send_window, a.channels, a.status as decided, action_status(a) as status, a.refused_by, a.created_at, a.updated_at, a.variant,
  a.held_out_of_all, a.customer_group, a.send_id
from actions as a
union all
select s.id, s.campaign_id, s.customer_id, e.plan_entry_id, e.segment, e.priority_score, entry_reason(e.campaign_id, e.plan_entry_id), '{}'::jsonb, e.offer_id, e.offer, e.template_id,
  null, e.scheduled_date, e.send_window, array[e.channel], x.status, x.status, s.refused_by, s.created_at, s.updated_at, e.variant,
  false, s.customer_group, s.id
from sends as s join campaign_entries as e on e.id = s.entry_id and e.campaign_id = s.campaign_id
cross join lateral (select case when s.status in ('sent', 'delivered', 'bounced') then 'sent' when s.status in ('failed', 'unknown') then 'failed'
  when s.status in ('skipped', 'cancelled') then 'skipped' else 'pending' end as status) as x
where s.customer_id is not null;

-- The segment a message was planned for.
create function segment_of(s sends) returns text language sql stable parallel safe as $$
  select case when s.entry_id is not null then (select e.segment from campaign_entries as e where e.id = s.entry_id)
    else (select a.segment from actions as a where a.id = s.action_id) end
$$;

-- The offer it makes.
create function offer_of(s sends) returns jsonb language sql stable parallel safe as $$
  select case when s.entry_id is not null then (select e.offer from campaign_entries as e where e.id = s.entry_id)
    else (select a.offer from actions as a where a.id = s.action_id) end
$$;

-- What a message is filled with, all of it.
create function variables_of(s sends) returns jsonb language sql stable parallel safe as $$
  select case when s.text_id is null then s.variables
    else coalesce((select t.variables from message_texts as t where t.id = s.text_id), '{}') || s.variables end
$$;

-- As before, and with a customer who is gone go the messages of a plan too, as they did with their actions.
create or replace function ledger_customers_gone() returns trigger language plpgsql as $$
begin
  if not exists (select from gone) then return null; end if;
  delete from actions as a where a.customer_id in (select gone.id from gone);
  delete from sends as s where s.entry_id is not null and s.customer_id in (select gone.id from gone);
  update sends as s set customer_id = null where s.customer_id in (select gone.id from gone);
  return null;
end $$;

-- The release before this one knows no such messages: it would send them without their words. It gets an error instead of a lease,
-- and leaves them to this one; lease_form says that whoever leases reads them.
alter table send_batches add column lease_form smallint not null default 0;
create function lease_knows_its_messages() returns trigger language plpgsql as $$
begin
  if exists (select from sends as s where s.id = any(new.send_ids) and s.entry_id is not null) then
    raise exception 'These messages were made by a newer release, which has to send them.' using errcode = 'LM001';
  end if;
  return new;
end $$;
create trigger lease_knows_its_messages before insert on send_batches for each row when (new.lease_form = 0) execute function lease_knows_its_messages();
