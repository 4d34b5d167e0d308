-- An offer is edited by several people and never removed: plans and sent messages refer to it.
alter table offers add column version int not null default 1;
-- when somebody put it away; it is then not active and not in lists
alter table offers add column archived_at timestamptz;
alter table offers add constraint offers_archived_is_off check (archived_at is null or not is_active);
