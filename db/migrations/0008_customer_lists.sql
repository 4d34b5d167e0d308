-- Every order of the customer list that people use is an index read forwards or backwards: key, then id.

drop index customer_scores_segment, customer_scores_category, customer_scores_clv, customer_scores_last;
-- By segment, and the best customers of each first.
create index customer_scores_segment on customer_scores (rfm_segment, clv_cents desc nulls last, customer_id);
create index customer_scores_category on customer_scores (primary_category, customer_id);
create index customer_scores_clv on customer_scores (clv_cents, customer_id);
create index customer_scores_last on customer_scores (last_purchase_at, customer_id);
create index customer_scores_spent on customer_scores (total_spent_cents, customer_id);
create index customer_scores_frequency on customer_scores (purchase_frequency, customer_id);
create index customer_scores_aov on customer_scores (avg_order_value_cents, customer_id);

drop index customers_live, customers_external_trgm;
-- A number is typed from its beginning.
create index customers_external_prefix on customers (lower(external_id) text_pattern_ops);
create index customers_created on customers (created_at, id) where deleted_at is null;
create index customers_state on customers (state, id) where deleted_at is null;
-- Few rows: who is left out of every list.
create index customers_deleted on customers (id) where deleted_at is not null;
