-- Events that no retry helped are marked where they lie, so that they outlive Redis and are not sent on for
-- ever; events that are done are kept for a while, and found by when they were done.

alter table outbox
  add column dead_at timestamptz,
  add column dead_reason text,
  add constraint outbox_dead_explained check ((dead_at is null) = (dead_reason is null)),
  add constraint outbox_dead_is_open check (dead_at is null or done_at is null);
drop index outbox_open, outbox_by_age;
create index outbox_open on outbox (dispatched_at)
  where done_at is null and dead_at is null and type = 'call.ended';
create index outbox_dead on outbox (dead_at, id) where dead_at is not null;
create index outbox_done on outbox (done_at) where done_at is not null;
