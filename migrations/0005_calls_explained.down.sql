alter table dnc_entries drop constraint dnc_entries_named;
drop index outbox_by_age, outbox_open, outbox_waiting;
create index outbox_waiting on outbox (id) where dispatched_at is null;
alter table outbox drop column done_at;
drop table call_late_ends;
drop index calls_by_state;
alter table calls drop column checkpoint_at;
