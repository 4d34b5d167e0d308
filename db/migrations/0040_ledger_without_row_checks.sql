-- Actions and messages are made by the million, by one statement that takes their parents from the rows it has just read.
-- Nine foreign keys looked each of them up again, one by one, which took longer than writing them (docs/decisions/0040). What the
-- keys did when a parent goes is done here in sets, and what they did against a race is done by one lock.

alter table send_keys drop constraint send_keys_action_id_fkey;
alter table sends drop constraint sends_action_id_fkey, drop constraint sends_customer_id_fkey, drop constraint sends_campaign_id_fkey, drop constraint sends_template_id_fkey;
alter table actions drop constraint actions_campaign_id_fkey, drop constraint actions_customer_id_fkey, drop constraint actions_offer_id_fkey, drop constraint actions_template_id_fkey;

-- The way from an action to its message goes over send_keys.
drop index sends_action;

-- Writers hold the same lock shared (server/ledger-parents.ts): a delete waits for them, and its triggers then see their rows.
create function ledger_wait() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('message ledger', 7));
  return null;
end $$;

create function ledger_customers_gone() returns trigger language plpgsql as $$
begin
  if not exists (select from gone) then return null; end if;
  delete from actions as a where a.customer_id in (select gone.id from gone);
  update sends as s set customer_id = null where s.customer_id in (select gone.id from gone);
  return null;
end $$;

create function ledger_campaigns_gone() returns trigger language plpgsql as $$
begin
  if not exists (select from gone) then return null; end if;
  delete from sends as s where s.campaign_id in (select gone.id from gone);
  delete from actions as a where a.campaign_id in (select gone.id from gone);
  return null;
end $$;

-- Proposals belong to no campaign and have no messages; they are replaced by the ten thousand every night.
create function ledger_actions_gone() returns trigger language plpgsql as $$
begin
  if not exists (select from gone where gone.campaign_id is not null) then return null; end if;
  delete from sends as s where s.id in (select k.send_id from send_keys as k join gone on gone.id = k.action_id);
  delete from send_keys as k where k.action_id in (select gone.id from gone where gone.campaign_id is not null);
  return null;
end $$;

create function ledger_offers_gone() returns trigger language plpgsql as $$
begin
  if not exists (select from gone) then return null; end if;
  update actions as a set offer_id = null where a.offer_id in (select gone.id from gone);
  return null;
end $$;

create function ledger_templates_gone() returns trigger language plpgsql as $$
begin
  if not exists (select from gone) then return null; end if;
  update actions as a set template_id = null where a.template_id in (select gone.id from gone);
  update sends as s set template_id = null where s.template_id in (select gone.id from gone);
  return null;
end $$;

create trigger ledger_wait before delete on customers for each statement execute function ledger_wait();
create trigger ledger_wait before delete on campaigns for each statement execute function ledger_wait();
create trigger ledger_wait before delete on offers for each statement execute function ledger_wait();
create trigger ledger_wait before delete on message_templates for each statement execute function ledger_wait();
create trigger ledger_gone after delete on customers referencing old table as gone for each statement execute function ledger_customers_gone();
create trigger ledger_gone after delete on campaigns referencing old table as gone for each statement execute function ledger_campaigns_gone();
create trigger ledger_gone after delete on actions referencing old table as gone for each statement execute function ledger_actions_gone();
create trigger ledger_gone after delete on offers referencing old table as gone for each statement execute function ledger_offers_gone();
create trigger ledger_gone after delete on message_templates referencing old table as gone for each statement execute function ledger_templates_gone();

-- Why an action is there: said in its own row, or once for all of them in the plan, which no longer changes when it has started.
create function action_reason(a actions) returns text language sql stable parallel safe as $$
  select case when a.reason <> '' or a.plan_entry_id is null then a.reason else coalesce(
    (select e.value ->> 'reason' from campaigns as c cross join lateral jsonb_array_elements(c.weekly_plan -> 'entries') as e(value)
     where c.id = a.campaign_id and e.value ->> 'id' = a.plan_entry_id limit 1), '') end
$$;
