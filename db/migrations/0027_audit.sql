-- Two trails beside each other. audit_log says what somebody did, in words of the product. row_changes says what became of the
-- rows, written by triggers, so that no code can forget it. Both are append-only and sealed in a chain (docs/decisions/0027).
create table row_changes (
  id           uuid primary key default uuidv7(),
  at           timestamptz not null default clock_timestamp(),
  actor_kind   text not null check (actor_kind in ('user', 'api_key', 'cli', 'system', 'customer')),
  actor_id     uuid,
  request_id   text,
  table_name   text not null,
  operation    text not null check (operation in ('insert', 'update', 'delete')),
  -- null: one line for a statement with more rows than are worth a line each
  row_id       text,
  rows         bigint not null default 1,
  -- of an update only what changed; secrets and personal data say only that they changed
  before       jsonb,
  after        jsonb,
  sealed_in    bigint,
  salt         bytea,
  content_hash bytea,
  redacted_at  timestamptz
);
create index row_changes_row on row_changes (table_name, row_id, id desc);
create index row_changes_actor on row_changes (actor_id, id desc) where actor_id is not null;
create index row_changes_request on row_changes (request_id) where request_id is not null;
create index row_changes_unsealed on row_changes (id) where sealed_in is null;
create index row_changes_seal on row_changes (sealed_in);

alter table audit_log
  add column sealed_in bigint,
  add column salt bytea,
  add column content_hash bytea,
  add column redacted_at timestamptz;
create index audit_log_actor on audit_log (actor_id, id desc) where actor_id is not null;
create index audit_log_request on audit_log (request_id) where request_id is not null;
create index audit_log_unsealed on audit_log (id) where sealed_in is null;
create index audit_log_seal on audit_log (sealed_in);

-- A seal covers lines of both trails: HMAC over the seal before it and a digest of each line.
create table audit_seals (
  number     bigint primary key,
  lines      int not null,
  first_at   timestamptz not null,
  last_at    timestamptz not null,
  hash       bytea not null,
  sealed_at  timestamptz not null default now(),
  -- its lines were deleted after the time they are kept; the chain goes on over it
  pruned_at  timestamptz
);

-- A row as the trail may show it: without columns nobody asks for, without empty ones, secrets and personal data hidden.
create function audit_shown(shown jsonb, hidden text[], skipped text[]) returns jsonb language sql immutable parallel safe as $$
  select regexp_replace(
    jsonb_strip_nulls((shown - skipped) || coalesce(
      (select jsonb_object_agg(h, '(hidden)') from unnest(hidden) as h where jsonb_typeof(shown -> h) <> 'null'), '{}'))::text,
    '"([a-z_]*(?:_enc|secret|password|token|api_key)[a-z_]*)": (?:"(?:[^"\\]|\\.)*"|\{[^{}]*\})', '"\1": "(hidden)"', 'g')::jsonb
$$;

-- Arguments: name of the key, most rows of a statement that get a line each, hidden columns, skipped columns.
create function record_changes() returns trigger language plpgsql as $$
declare
  key_name text := tg_argv[0];
  most     bigint := tg_argv[1]::bigint;
  hidden   text[] := string_to_array(tg_argv[2], ',');
  skipped  text[] := string_to_array(tg_argv[3], ',');
  acting   text[] := string_to_array(coalesce(nullif(current_setting('lma.actor', true), ''), 'system||'), '|');
  kind     text := acting[1];
  who      uuid := nullif(acting[2], '')::uuid;
  request  text := nullif(acting[3], '');
  n        bigint;
  -- What an erasure replaces must not come back as the "before" of a line.
  erases   boolean := coalesce(current_setting('lma.maintenance', true), '') = 'erasure';
begin
  if tg_op = 'DELETE' then
    select count(*) into n from old_rows;
  else
    select count(*) into n from new_rows;
  end if;
  if n = 0 then
    return null;
  end if;
  if n > most or erases then
    insert into row_changes (actor_kind, actor_id, request_id, table_name, operation, rows)
    values (kind, who, request, tg_table_name, lower(tg_op), n);
    return null;
  end if;
  if tg_op = 'INSERT' then
    insert into row_changes (actor_kind, actor_id, request_id, table_name, operation, row_id, after)
    select kind, who, request, tg_table_name, 'insert', r.j ->> key_name, audit_shown(r.j, hidden, skipped)
    from (select to_jsonb(x) as j from new_rows as x) as r;
  elsif tg_op = 'DELETE' then
    insert into row_changes (actor_kind, actor_id, request_id, table_name, operation, row_id, before)
    select kind, who, request, tg_table_name, 'delete', r.j ->> key_name, audit_shown(r.j, hidden, skipped)
    from (select to_jsonb(x) as j from old_rows as x) as r;
  else
    insert into row_changes (actor_kind, actor_id, request_id, table_name, operation, row_id, before, after)
    select kind, who, request, tg_table_name, 'update', p.id, audit_shown(d.before, hidden, '{}'), audit_shown(d.after, hidden, '{}')
    from (
      select a.j ->> key_name as id, b.j - skipped as before, a.j - skipped as after
      from (select to_jsonb(x) as j from new_rows as x) as a
      join (select to_jsonb(x) as j from old_rows as x) as b on b.j ->> key_name = a.j ->> key_name
      where b.j - skipped is distinct from a.j - skipped
    ) as p
    cross join lateral (
      select jsonb_object_agg(k.key, p.before -> k.key) as before, jsonb_object_agg(k.key, k.value) as after
      from jsonb_each(p.after) as k where k.value is distinct from p.before -> k.key
    ) as d;
  end if;
  return null;
end
$$;

-- Statement level with transition tables: an import of a million rows costs one call per batch and one line.
create function audit_table(audited regclass, key_name text, most bigint, hidden text, skipped text) returns void language plpgsql as $$
begin
  execute format('create trigger audit_insert after insert on %s referencing new table as new_rows for each statement execute function record_changes(%L, %L, %L, %L)', audited, key_name, most, hidden, skipped);
  execute format('create trigger audit_update after update on %s referencing old table as old_rows new table as new_rows for each statement execute function record_changes(%L, %L, %L, %L)', audited, key_name, most, hidden, skipped);
  execute format('create trigger audit_delete after delete on %s referencing old table as old_rows for each statement execute function record_changes(%L, %L, %L, %L)', audited, key_name, most, hidden, skipped);
end
$$;

-- What people set up: every row, whatever a statement changes.
select audit_table('users', 'id', 1000, 'email,full_name,password_hash,totp_secret_enc', 'updated_at,totp_last_step');
select audit_table('api_keys', 'id', 1000, 'key_hash', 'last_used_at');
select audit_table('settings', 'name', 1000, '', 'updated_at');
select audit_table('stores', 'id', 1000, '', 'updated_at');
select audit_table('segments', 'id', 1000, '', 'updated_at,customer_count,last_computed_at');
select audit_table('offers', 'id', 1000, '', 'updated_at');
select audit_table('message_templates', 'id', 1000, '', 'updated_at');
select audit_table('campaigns', 'id', 1000, '', 'updated_at,total_sends,completed_sends,failed_sends,opens,clicks,conversions,revenue_cents,customer_ids,llm_prompt');
select audit_table('campaign_variants', 'id', 1000, '', '');
select audit_table('experiments', 'id', 1000, '', 'updated_at');
select audit_table('channel_providers', 'id', 1000, 'secrets', 'updated_at');
select audit_table('integrations', 'id', 1000, 'secret_enc,old_secret_enc', 'updated_at,hooks_received,hooks_refused,last_received_at,last_refused_at,last_ping_at');
select audit_table('report_schedules', 'id', 1000, 'recipients', 'next_at,last_at,last_error');
select audit_table('webhook_subscriptions', 'id', 1000, 'secret_enc', '');
select audit_table('views', 'id', 1000, 'filters', 'updated_at');
select audit_table('chart_notes', 'id', 1000, '', '');
-- What comes by the thousand: a line each for up to fifty rows of a statement, else one line with their number.
select audit_table('customers', 'id', 50, 'external_id,email,phone,name,first_name,birth_date,address,city,zip,tags,raw_data', 'updated_at,time_zones');
select audit_table('consents', 'id', 50, 'source,ip,user_agent', '');
select audit_table('suppressions', 'id', 50, 'address_hash,note', '');
select audit_table('customer_merges', 'id', 50, 'before,moved', '');
select audit_table('products', 'id', 50, '', 'updated_at');
select audit_table('orders', 'id', 50, '', 'updated_at');
select audit_table('order_items', 'id', 50, '', '');

-- Append only. What may still happen to a line: it is sealed once, its content goes with an erased person, or it is deleted
-- whole when the time it is kept is over. Each says so in its transaction.
create function audit_append_only() returns trigger language plpgsql as $$
declare
  doing text := coalesce(current_setting('lma.maintenance', true), '');
  content text[] := case tg_table_name when 'audit_log' then '{before,after,reason}'::text[] else '{before,after}'::text[] end;
begin
  if tg_op = 'TRUNCATE' or (tg_op = 'DELETE' and doing <> 'retention') then
    raise exception 'the audit trail is append-only' using errcode = 'insufficient_privilege';
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  if doing = 'seal' and old.sealed_in is null
    and to_jsonb(new) - '{sealed_in,salt,content_hash}'::text[] = to_jsonb(old) - '{sealed_in,salt,content_hash}'::text[] then
    return new;
  end if;
  if doing = 'erasure' and to_jsonb(new) - content = to_jsonb(old) - content then
    new.redacted_at := now();
    -- Without the salt nobody can try out what the content was.
    new.salt := null;
    return new;
  end if;
  raise exception 'the audit trail is append-only' using errcode = 'insufficient_privilege';
end
$$;
create trigger append_only before update or delete on audit_log for each row execute function audit_append_only();
create trigger append_only before update or delete on row_changes for each row execute function audit_append_only();
create trigger no_truncate before truncate on audit_log for each statement execute function audit_append_only();
create trigger no_truncate before truncate on row_changes for each statement execute function audit_append_only();

create function audit_seals_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and coalesce(current_setting('lma.maintenance', true), '') = 'retention'
    and to_jsonb(new) - 'pruned_at' = to_jsonb(old) - 'pruned_at' then
    return new;
  end if;
  raise exception 'the audit trail is append-only' using errcode = 'insufficient_privilege';
end
$$;
create trigger append_only before update or delete on audit_seals for each row execute function audit_seals_append_only();
create trigger no_truncate before truncate on audit_seals for each statement execute function audit_seals_append_only();

-- Digest of the content of a line, and of the whole line over it; what is not content can never change.
create function audit_content_hash(salt bytea, before jsonb, after jsonb, reason text) returns bytea language sql immutable parallel safe as $$
  select sha256(salt || convert_to(jsonb_build_array(before, after, reason)::text, 'UTF8'))
$$;
create function audit_line_hash(l audit_log) returns bytea language sql immutable parallel safe as $$
  select sha256(convert_to(jsonb_build_array('event', l.id, extract(epoch from l.at), l.actor_kind, l.actor_id, l.action, l.entity, l.entity_id, l.request_id)::text, 'UTF8') || l.content_hash)
$$;
create function audit_line_hash(l row_changes) returns bytea language sql immutable parallel safe as $$
  select sha256(convert_to(jsonb_build_array('change', l.id, extract(epoch from l.at), l.actor_kind, l.actor_id, l.table_name, l.operation, l.row_id, l.rows, l.request_id)::text, 'UTF8') || l.content_hash)
$$;
