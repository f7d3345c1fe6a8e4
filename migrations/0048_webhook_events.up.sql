-- Outside a transaction.
-- Webhooks are told of recordings, messages and callbacks too. Calls are written while the indexes are built.

drop index concurrently if exists outbox_untold_new;
create index concurrently outbox_untold_new on outbox (id) where done_at is null and type in
  ('call.settled', 'call.rerated', 'wallet.low', 'wallet.stopped', 'wallet.resumed', 'wallet.overrun',
   'payment.succeeded', 'payment.failed', 'dispute.opened', 'dispute.resolved', 'invoice.issued', 'payout.paid',
   'recording.saved', 'recording.failed', 'voicemail.left', 'callback.requested');
drop index concurrently if exists outbox_untold;
alter index outbox_untold_new rename to outbox_untold;

drop index concurrently if exists outbox_told_new;
create index concurrently outbox_told_new on outbox (created_at, id) where done_at is not null and type in
  ('call.settled', 'call.rerated', 'wallet.low', 'wallet.stopped', 'wallet.resumed', 'wallet.overrun',
   'payment.succeeded', 'payment.failed', 'dispute.opened', 'dispute.resolved', 'invoice.issued', 'payout.paid',
   'recording.saved', 'recording.failed', 'voicemail.left', 'callback.requested');
drop index concurrently if exists outbox_told;
alter index outbox_told_new rename to outbox_told;
