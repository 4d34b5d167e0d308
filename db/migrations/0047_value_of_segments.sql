-- What the customers of an RFM segment will spend, summed whenever all customers are scored: a million scores are not added up for
-- everybody who opens the page of segments. Null: not scored yet, or no RFM segment.
alter table segments add column clv_cents bigint;
-- A figure that we compute is no change that somebody made.
drop trigger audit_insert on segments;
drop trigger audit_update on segments;
drop trigger audit_delete on segments;
select audit_table('segments', 'id', 1000, '', 'updated_at,customer_count,clv_cents,last_computed_at');

update segments as g set clv_cents = v.clv_cents
from (select s.rfm_segment as key, sum(s.clv_cents)::bigint as clv_cents from customer_scores as s group by 1) as v
where g.kind = 'rfm' and g.key = v.key;
