-- Scoring reads all orders customer by customer, while a till writes them in the order of time: over the table that is a
-- page per order, over this index it is none (docs/decisions/0031). Coupon codes have at most 100 characters.
drop index orders_customer;
create index orders_customer on orders (customer_id, ordered_at desc) include (total_cents, discount_cents, coupon_code);
