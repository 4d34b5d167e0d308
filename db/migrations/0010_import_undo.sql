-- Undo of an import for seven days, and the columns of a file remembered for the next one like it.

alter table imports
  -- the instant of its transaction: every row it wrote carries it as updated_at, so another one says that somebody changed the row since
  add column written_at timestamptz,
  -- since when the database merges, for an honest remaining time
  add column merging_since timestamptz,
  -- SHA-256 of the names of the columns, in their order
  add column header_signature bytea,
  add column undo_until timestamptz,
  add column undo_job_id uuid references jobs(id) on delete set null,
  add column undone_at timestamptz,
  -- grows with each chunk that is undone, in the transaction of the chunk
  add column undo_result jsonb not null default '{}';

-- Which products an import brought; customers and orders say so already.
alter table products add column import_id uuid references imports(id) on delete set null;

-- What stood in the rows an import changed: only the columns it changed. Gone when they are restored, or after seven days.
create table import_before (
  -- no foreign key: an import is never removed, and a look-up per row would cost a tenth of the merge
  import_id uuid not null,
  entity    text not null check (entity in ('customer', 'order', 'product')),
  row_id    uuid not null,
  before    jsonb not null
);
create index import_before_import on import_before (import_id, entity);

-- Removing a customer looks for their conversions.
create index if not exists conversions_customer on conversions (customer_id);
