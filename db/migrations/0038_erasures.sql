-- Who was erased, by ids and keyed hashes only. Rows are copied into the store of files: a backup that is older than an
-- erasure brings the person back, and this is how the erasure is done again (0033).
create table erasures (
  id           uuid primary key default uuidv7(),
  at           timestamptz not null default now(),
  customer_ids uuid[] not null,
  -- [{"channel": "email", "hash": "<hex of the keyed hash>"}]
  addresses    jsonb not null default '[]',
  -- where its copy lies in the store of files; null: not copied yet
  file         text
);
create index erasures_to_copy on erasures (id) where file is null;

insert into erasures (at, customer_ids)
select c.erased_at, array_agg(c.id order by c.id) from customers as c where c.erased_at is not null group by c.erased_at;
