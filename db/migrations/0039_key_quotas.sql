-- How many requests a key may make: in any minute, and in a day (UTC) if somebody set that.
alter table api_keys
  add column quota_per_minute integer not null default 600 check (quota_per_minute between 1 and 60000),
  add column quota_per_day integer check (quota_per_day between 1 and 10000000);
