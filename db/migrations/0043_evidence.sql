-- What the planner learned from all results, put together once when days were counted (core/planning/evidence.ts). Made of
-- plan_results alone and made again whenever those change, so it may be emptied at any time. No person is in it.
create table plan_evidence (
  only_one boolean primary key default true check (only_one),
  -- which counted days it was made of
  made_of  text not null,
  -- core/planning/evidence-bytes.ts
  evidence bytea not null
);
-- Numbers by chance do not compress.
alter table plan_evidence alter column evidence set storage external;
