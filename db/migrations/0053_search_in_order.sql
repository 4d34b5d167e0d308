-- A search that finds many walks the list in its order (docs/decisions/0043): what it looks at stands in the index, so that the rows
-- themselves need not be fetched to be passed over.
drop index customers_name;
create index customers_name on customers (name, id) include (email, external_id) where deleted_at is null;
