drop table event_positions;
drop index outbox_by_xid;
alter table outbox drop column xid;
