-- When a store is open and when it may sell what; how a segment is spoken to and how long it is left in peace.

alter table stores
  -- seven lists of {"start", "end"}, Monday first; null: not stated
  add column opening_hours jsonb,
  -- the same per department, where it is narrower than the opening hours: {"spirits": [...]}
  add column sale_hours jsonb not null default '{}';

alter table segments
  add column tone text,
  -- days since the last message of any campaign before this segment's customers get another; 0: only the weekly limits
  add column cool_down_days int not null default 0 check (cool_down_days between 0 and 365);
-- What their playbooks said in words only.
update segments set cool_down_days = 60 where kind = 'rfm' and key in ('Hibernating', 'Lost');
