-- Lists of consents and of addresses that must not be written to, as other senders export them.
alter table imports drop constraint imports_kind_check;
alter table imports add constraint imports_kind_check check (kind in ('customers', 'orders', 'products', 'consents', 'suppressions'));
