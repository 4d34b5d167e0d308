-- That a provider took a message is first written into its attempt alone; the send, its event and the sums follow in lots
-- (decision 0041). Until then the attempt has to know all that the send will say.
alter table delivery_attempts add column provider_message_id text;
-- Room for both versions of a row: completing an attempt then touches no index.
alter table delivery_attempts set (fillfactor = 60);
