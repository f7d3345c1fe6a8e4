-- Outside a transaction.

update outbox set done_at = now() where done_at is null
  and type in ('recording.saved', 'recording.failed', 'voicemail.left', 'callback.requested');
delete from outbox where type = 'voicemail.left';
delete from postback_deliveries
  where event in ('recording.saved', 'recording.failed', 'voicemail.left', 'callback.requested');
delete from postbacks
  where events <@ array['recording.saved', 'recording.failed', 'voicemail.left', 'callback.requested'];
update postbacks set version = version + 1, updated_at = now(), events = array(
    select event from unnest(events) with ordinality as e(event, n)
    where event not in ('recording.saved', 'recording.failed', 'voicemail.left', 'callback.requested') order by n)
  where events && array['recording.saved', 'recording.failed', 'voicemail.left', 'callback.requested'];

drop index concurrently if exists outbox_untold_new;
create index concurrently outbox_untold_new on outbox (id) where done_at is null and type in
  ('call.settled', 'call.rerated', 'wallet.low', 'wallet.stopped', 'wallet.resumed', 'wallet.overrun',
   'payment.succeeded', 'payment.failed', 'dispute.opened', 'dispute.resolved', 'invoice.issued', 'payout.paid');
drop index concurrently if exists outbox_untold;
alter index outbox_untold_new rename to outbox_untold;

drop index concurrently if exists outbox_told_new;
create index concurrently outbox_told_new on outbox (created_at, id) where done_at is not null and type in
  ('call.settled', 'call.rerated', 'wallet.low', 'wallet.stopped', 'wallet.resumed', 'wallet.overrun',
   'payment.succeeded', 'payment.failed', 'dispute.opened', 'dispute.resolved', 'invoice.issued', 'payout.paid');
drop index concurrently if exists outbox_told;
alter index outbox_told_new rename to outbox_told;
