drop index outbox_signals;
delete from outbox where type = 'call.signal';
alter table outbox drop column due_at;
drop table settlement_revisions;
drop function check_call_money;
drop index calls_by_reference;
drop table postback_tokens;
drop table call_signals;
