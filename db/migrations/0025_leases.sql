-- A lease is a row of send_batches with the ids it covers; the sends themselves are written once, when their fate is known.
-- `claimed` is therefore no longer stored: it is a pending send in an open batch (decision 0009).

alter table send_batches add column send_ids uuid[] not null default '{}';
create index send_batches_leased on send_batches (campaign_id) where closed_at is null;

-- What an older release still held when it was stopped: begun is unknown, the rest waits again.
update sends set status = 'unknown', error_message = 'the worker stopped while the message was on its way'
where status = 'claimed' and exists (select from delivery_attempts as a where a.send_id = sends.id and a.batch_id = sends.batch_id and a.outcome is null);
update sends set status = 'pending', batch_id = null where status = 'claimed';
update send_batches set closed_at = now() where closed_at is null;

-- True while a worker holds the send: it may be on its way this very moment.
create function is_leased(send uuid, campaign uuid) returns boolean language sql stable parallel safe as $$
  select exists (select from send_batches as b where b.closed_at is null and b.campaign_id is not distinct from campaign and send = any(b.send_ids))
$$;

-- The state of an action follows its message while it is on its way; only refusals are written into the row itself.
create function action_status(a actions) returns text language sql stable parallel safe as $$
  select case when a.status in ('pending', 'queued') then coalesce(
    (select case when s.status in ('sent', 'delivered', 'bounced') then 'sent' when s.status in ('failed', 'unknown') then 'failed'
        when s.status in ('skipped', 'cancelled') then 'skipped' end
     from send_keys as k join sends as s on s.id = k.send_id where k.action_id = a.id
     order by array_position(array['delivered', 'sent', 'bounced'], s.status) nulls last limit 1), a.status)
    else a.status end
$$;

-- One index and updates in place: an attempt is written before a message leaves and completed afterwards.
drop index delivery_attempts_open;
alter table delivery_attempts drop constraint delivery_attempts_pkey, drop constraint delivery_attempts_send_id_attempt_key, drop column id;
alter table delivery_attempts add primary key (send_id, attempt);
alter table delivery_attempts set (fillfactor = 80);
drop index sends_batch;
