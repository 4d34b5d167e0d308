-- One index says both which actions a customer has and that there is one of a campaign and day: every row of a start has an
-- entry less to write (docs/decisions/0040). "on conflict" of the version before names the same columns, and finds it.
create unique index actions_customer_day on actions (customer_id, campaign_id, scheduled_date);
drop index actions_once_a_day, actions_customer;
