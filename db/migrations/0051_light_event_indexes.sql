-- Most events say that a message has left, and nobody asks for those by campaign or by message: the sums know the one, and the
-- message itself the other. Without them each message has two index entries less to write (docs/decisions/0042).
drop index analytics_events_campaign;
create index analytics_events_campaign on analytics_events (campaign_id, event_type) where event_type <> 'sent';
drop index analytics_events_send;
create index analytics_events_send on analytics_events (send_id) where event_type <> 'sent';

-- Ids cannot be compressed, and trying to costs more than writing them: only what providers answered is.
alter table dispatch_turns alter column asked set storage external, alter column taken set storage external;
