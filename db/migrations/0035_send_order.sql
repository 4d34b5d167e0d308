-- A worker walks through a campaign in the order (due_at, id), and goes on where it was: messages that are due at the
-- same moment must have an order too.
drop index sends_due;
create index sends_due on sends (campaign_id, channel, due_at, id) where status = 'pending';

-- An event's id carries its time (uuidv7_at): ranges of time are ranges of the primary key.
drop index analytics_events_occurred;
