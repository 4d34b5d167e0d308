-- The worker goes on where it stopped: orders recorded before this are attributed. Null: since the last days.
alter table rollup_state add column attributed_to timestamptz;
