-- Columns that no query selects by need no statistics: sorting thousands of messages to know them took longer, each time a
-- campaign had gone out, than all else that the analysis does (docs/decisions/0042).
create function without_statistics(tables regclass[]) returns void language plpgsql as $$
declare
  one record;
begin
  for one in
    select a.attrelid::regclass as "table", a.attname as "column"
    from (values ('sends', 'variables'), ('sends', 'recipient'), ('sends', 'error_message'), ('sends', 'provider_message_id'),
        ('analytics_events', 'properties'), ('actions', 'offer'), ('delivery_attempts', 'message_id'),
        ('delivery_attempts', 'provider_message_id'), ('delivery_attempts', 'detail')) as x(parent, name)
    join pg_attribute as a on a.attname = x.name and a.attrelid = any(tables)
      and (a.attrelid = x.parent::regclass or a.attrelid in (select i.inhrelid from pg_inherits as i where i.inhparent = x.parent::regclass))
  loop
    execute format('alter table %s alter column %I set statistics 0', one."table", one."column");
  end loop;
end $$;

select without_statistics(array(
  select i.inhrelid::regclass from pg_inherits as i where i.inhparent in ('sends'::regclass, 'analytics_events'::regclass)
  union all select unnest(array['sends', 'analytics_events', 'actions', 'delivery_attempts']::regclass[])));

-- As before, and new months are made like the old ones.
create or replace function ensure_partitions(first_month date, months int) returns int language plpgsql as $$
declare
  parent text; m date; child text; made int := 0;
begin
  foreach parent in array array['sends', 'analytics_events'] loop
    for i in 0 .. months - 1 loop
      m := (date_trunc('month', first_month) + make_interval(months => i))::date;
      child := parent || '_' || to_char(m, 'YYYY_MM');
      if to_regclass(child) is null then
        begin
          execute format('create table %I partition of %I for values from (%L) to (%L)', child, parent,
            uuidv7_floor(m::timestamp at time zone 'UTC'),
            uuidv7_floor((m + interval '1 month')::timestamp at time zone 'UTC'));
          perform without_statistics(array[child::regclass]);
          made := made + 1;
        exception when check_violation then
          -- rows of that month already sit in the default partition: leave them there
          null;
        end;
      end if;
    end loop;
  end loop;
  return made;
end $$;
