-- A store may have a page of its own; null: the website of the shop (settings 'shop').
alter table stores add column website text;
