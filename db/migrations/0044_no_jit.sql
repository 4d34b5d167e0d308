-- Our statements name many partitions and take milliseconds; compiling them first takes seconds (a claim of 200 messages took
-- two to seven on Debian's PostgreSQL). Who owns the database may say so for it; who does not only misses the gain elsewhere.
do $$
begin
  execute format('alter database %I set jit = off', current_database());
exception
  when insufficient_privilege then null;
end $$;
