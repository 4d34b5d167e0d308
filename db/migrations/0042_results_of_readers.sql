-- Results by the share that was held out, because only campaigns of one share are compared with each other, and those of who
-- opened the message, because only they could act on it (core/planning/evidence.ts).
alter table plan_results
  add column design                text not null default '',
  add column opened_orders         int not null default 0,
  add column opened_spent_cents    bigint not null default 0,
  add column opened_discount_cents bigint not null default 0,
  drop constraint plan_results_pkey;
alter table plan_results alter column design drop default;
alter table plan_results add primary key (day, design, segment, customer_group, outcome, offer_key, offer_kind, channel, part);
