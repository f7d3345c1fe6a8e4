drop index outbox_done, outbox_dead, outbox_open;
alter table outbox
  drop constraint outbox_dead_is_open,
  drop constraint outbox_dead_explained,
  drop column dead_reason,
  drop column dead_at;
create index outbox_open on outbox (dispatched_at) where done_at is null and type = 'call.ended';
create index outbox_by_age on outbox using brin (created_at);
