-- A call of the language model with what it was asked for and what it said. Prompts hold aggregates only, so answers hold no person.
alter table llm_calls add column job_id uuid references jobs(id) on delete set null;
-- 1 is the first question, 2 and on are repairs
alter table llm_calls add column round int not null default 1;
-- host of the endpoint, never its key
alter table llm_calls add column endpoint text;
-- the answer, kept so that the same question is not paid for twice; null for failures
alter table llm_calls add column answer text;
-- answered from an earlier call with the same question
alter table llm_calls add column cached boolean not null default false;
-- what went wrong, in one sentence
alter table llm_calls add column detail text;
alter table llm_calls add column finished_at timestamptz;
-- What may still be spent is reserved before the call: until it ends the row says what it can cost at most.
alter table llm_calls add constraint llm_calls_outcome check (outcome in ('running', 'answered', 'refused', 'malformed', 'truncated', 'timeout', 'failed', 'cancelled'));
create index llm_calls_month on llm_calls (created_at);
create index llm_calls_cache on llm_calls (input_hash, created_at desc) where outcome = 'answered' and not cached;
