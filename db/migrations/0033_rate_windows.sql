-- Requests counted by caller over all API processes. Not logged: after a crash everybody starts anew with an empty count.
create unlogged table rate_windows (
  key     text not null,
  -- end of the window the count is for
  ends_at timestamptz not null,
  count   int not null,
  primary key (key, ends_at)
) with (fillfactor = 50);
create index rate_windows_over on rate_windows (ends_at);
