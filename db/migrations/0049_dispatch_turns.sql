-- What the slots of a worker do in one turn is one row, not one for each message (docs/decisions/0042): which messages are about to
-- leave, and which of the ones before their providers took. It is committed before a message leaves. The attempts are written
-- together with the sends, in lots, and the row goes when its batches are closed.

create table dispatch_turns (
  -- one worker's ledger, and its turns in order: a turn that is written again after a lost answer is found here
  writer       uuid not null,
  turn         int not null,
  batches      uuid[] not null,
  -- batches that had been taken away from this worker: nothing of them was begun, and nothing taken
  away         uuid[] not null,
  -- messages asked for, each with the place of its batch in `batches`, provider and Message-ID (of one that is the id of the
  -- send and a domain, "@domain"); one provider or Message-ID stands for all. Those in `refused` did not begin.
  asked        uuid[] not null,
  asked_in     smallint[] not null,
  providers    text[] not null,
  message_ids  text[] not null,
  refused      uuid[] not null,
  reasons      text[] not null,
  -- messages that a provider took, each with the place of its batch and what the provider calls it
  taken        uuid[] not null,
  taken_in     smallint[] not null,
  replies      text[] not null,
  delivered    uuid[] not null,
  written_at   timestamptz not null default now(),
  primary key (writer, turn)
) with (toast_tuple_target = 8160, autovacuum_analyze_threshold = 100000);

-- What was begun in a batch, and what became of it as far as the turns know.
create function begun_in(batch uuid) returns table (send_id uuid, provider text, message_id text, started_at timestamptz,
  finished_at timestamptz, provider_message_id text, is_delivered boolean) language sql stable as $$
  -- A turn that was split because it could not be written may have been written all the same: its last word counts.
  select distinct on (a.send_id) a.send_id, coalesce(a.provider, t.providers[1]), case when m.message_id like '@%' then '<' || a.send_id || m.message_id || '>' else m.message_id end,
    t.written_at, took.finished_at, took.reply, coalesce(took.is_delivered, false)
  from dispatch_turns as t
  cross join unnest(t.asked, t.asked_in, t.providers, t.message_ids) as a(send_id, place, provider, message_id)
  cross join lateral (select coalesce(a.message_id, t.message_ids[1]) as message_id) as m
  left join lateral (
    select x.written_at as finished_at, r.reply, r.send_id = any(x.delivered) as is_delivered
    from dispatch_turns as x cross join unnest(x.taken, x.taken_in, x.replies) as r(send_id, place, reply)
    where x.writer = t.writer and x.turn > t.turn and r.send_id = a.send_id and x.batches[r.place] = batch and batch <> all(x.away)
    order by x.turn limit 1
  ) as took on true
  where batch = any(t.batches) and batch <> all(t.away) and t.batches[a.place] = batch and a.send_id <> all(t.refused)
  order by a.send_id, t.turn desc
$$;

-- Writes the attempts that so far only the turns of a batch know: whoever takes the batch over then finds them all. Whoever
-- calls this holds the batch locked.
create function write_attempts_of(batch uuid) returns int language plpgsql as $$
declare
  written int;
begin
  insert into delivery_attempts (send_id, batch_id, attempt, provider, message_id, outcome, code, started_at, finished_at, provider_message_id)
  select b.send_id, batch, 1 + coalesce((select max(a.attempt) from delivery_attempts as a where a.send_id = b.send_id), 0), b.provider, b.message_id,
    case when b.finished_at is not null then 'accepted' end, case when b.is_delivered then 'delivered' end, b.started_at, b.finished_at, b.provider_message_id
  from begun_in(batch) as b
  where not exists (select from delivery_attempts as a where a.send_id = b.send_id and a.batch_id = batch);
  get diagnostics written = row_count;
  -- Attempts that were written as open when the batch was looked at before.
  update delivery_attempts as a set outcome = 'accepted', code = case when b.is_delivered then 'delivered' end, finished_at = b.finished_at,
    provider_message_id = b.provider_message_id
  from begun_in(batch) as b where a.send_id = b.send_id and a.batch_id = batch and a.outcome is null and b.finished_at is not null;
  return written;
end $$;

-- The release before this one knows no turns: when it takes a batch over that has any, it finds their attempts the next time.
create function keep_batch_for_its_turns() returns trigger language plpgsql as $$
begin
  return case when write_attempts_of(old.id) > 0 then old else new end;
end $$;
create trigger keep_batch_for_its_turns before update on send_batches for each row
  when (old.closed_at is null and new.send_ids is distinct from old.send_ids and new.leased_until is distinct from old.leased_until)
  execute function keep_batch_for_its_turns();

-- An attempt is written once now.
alter table delivery_attempts set (fillfactor = 100);
