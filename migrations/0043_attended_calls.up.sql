-- Calls that the exchange itself answered, to announce or ask something, and how they went through their plans.

alter table calls drop constraint calls_state_check;
alter table calls add constraint calls_state_check check (state in (
  'deciding', 'attended', 'ringing', 'answered', 'completed', 'rejected', 'canceled', 'failed'));
alter table calls
  -- When the exchange answered the caller, UTC epoch milliseconds; null where a buyer was the first to answer.
  add column attended_at bigint,
  -- Its name, version, steps and open tags. Parties do not see it.
  add column plan jsonb;
drop index calls_open;
create index calls_open on calls (node_id, boot_id) where state in ('deciding', 'attended', 'ringing', 'answered');
