drop index calls_open;
update calls set state = 'ringing' where state = 'attended';
alter table calls drop column plan, drop column attended_at;
alter table calls drop constraint calls_state_check;
alter table calls add constraint calls_state_check check (state in (
  'deciding', 'ringing', 'answered', 'completed', 'rejected', 'canceled', 'failed'));
create index calls_open on calls (node_id, boot_id) where state in ('deciding', 'ringing', 'answered');
