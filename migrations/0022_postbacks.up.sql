-- Who is told of money, how, and every request that tells them. Events are rows of the outbox.

create table postbacks (
  id               text primary key check (length(id) between 1 and 64),
  account_id       text not null references accounts (id),
  name             text not null check (length(name) between 1 and 100),
  status           text not null default 'active' check (status in ('active', 'paused', 'archived')),
  -- Why it was paused by the exchange: its receiver said that it is gone.
  paused_why       text,
  events           text[] not null check (cardinality(events) between 1 and 32),
  method           text not null check (method in ('GET', 'POST')),
  url              text not null check (length(url) <= 2048),
  -- Of the URL, with its port: limits go by it.
  host             text not null,
  body_type        text not null check (body_type in ('json', 'form')),
  -- A template; null = the event as JSON.
  body             text check (length(body) <= 8192),
  header_names     text[] not null default '{}',
  -- Headers and secrets are sealed by the vault: they open for this row alone.
  sealed_headers   bytea,
  sealed_secret    bytea not null,
  -- The secret before, which signs as well until then.
  sealed_old       bytea,
  old_until        timestamptz,
  campaign_ids     text[] not null default '{}' check (cardinality(campaign_ids) <= 100),
  converted_only   boolean not null default false,
  rate_per_second  integer not null default 50 check (rate_per_second between 1 and 1000),
  version          integer not null default 1,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  constraint postbacks_paused_why check (paused_why is null or status = 'paused'),
  constraint postbacks_old_secret check ((sealed_old is null) = (old_until is null))
);
create index postbacks_by_account on postbacks (account_id, id);
create index postbacks_active on postbacks (id) where status = 'active';

-- How fast requests of one postback go out, over all workers; apart, so that its own row stays as it is.
create table postback_queues (
  postback_id text primary key references postbacks (id) on delete cascade,
  -- Until here its rate is used up.
  paced_until timestamptz not null default now()
);

create table postback_deliveries (
  id           bigint generated always as identity primary key,
  postback_id  text not null references postbacks (id) on delete cascade,
  -- Number of the event; the same for everybody who hears of it, and in each replay.
  event_id     text not null,
  event        text not null,
  -- What is told in order: the call, the account, …
  subject      text not null,
  call_id      text,
  happened_at  timestamptz not null,
  -- As whom its account hears of it.
  listener     text not null check (listener in ('operator', 'buyer', 'seller')),
  -- What its account may know of the event. No numbers and tags of persons: those are read when it is sent.
  fields       jsonb not null,
  -- The replay that asked for it; empty for the event itself.
  replay       text not null default '',
  state        text not null default 'waiting' check (state in ('waiting', 'failed', 'delivered', 'dead')),
  attempts     integer not null default 0 check (attempts >= 0),
  -- When it is due; while it is under way: when it counts as lost with its worker.
  next_at      timestamptz not null default now(),
  give_up_at   timestamptz not null,
  -- Who has it in hand: an outcome of somebody else is passed over.
  claim        uuid,
  attempted_at timestamptz,
  last_status  integer,
  last_error   text check (length(last_error) <= 500),
  took_ms      integer,
  response     text check (length(response) <= 1024),
  request      jsonb,
  created_at   timestamptz not null default now(),
  done_at      timestamptz,
  -- However often an event is read, each postback has it once.
  unique (postback_id, event_id, replay),
  constraint postback_deliveries_done check ((done_at is not null) = (state in ('delivered', 'dead')))
);
create index postback_deliveries_due on postback_deliveries (postback_id, next_at, id)
  where state in ('waiting', 'failed');
create index postback_deliveries_order on postback_deliveries (postback_id, subject, id)
  where state in ('waiting', 'failed');
create index postback_deliveries_old on postback_deliveries (give_up_at) where state in ('waiting', 'failed');
create index postback_deliveries_log on postback_deliveries (postback_id, id desc);
create index postback_deliveries_dead on postback_deliveries (postback_id, id) where state = 'dead';
create index postback_deliveries_done on postback_deliveries (done_at) where done_at is not null;
create index postback_deliveries_by_call on postback_deliveries (call_id) where call_id is not null;

-- Events that are still to be told, and those of the last days, which can be told again.
create index outbox_untold on outbox (id) where done_at is null and type in
  ('call.settled', 'call.rerated', 'wallet.low', 'wallet.stopped', 'wallet.resumed', 'wallet.overrun',
   'payment.succeeded', 'payment.failed', 'dispute.opened', 'dispute.resolved', 'invoice.issued', 'payout.paid');
create index outbox_told on outbox (created_at, id) where done_at is not null and type in
  ('call.settled', 'call.rerated', 'wallet.low', 'wallet.stopped', 'wallet.resumed', 'wallet.overrun',
   'payment.succeeded', 'payment.failed', 'dispute.opened', 'dispute.resolved', 'invoice.issued', 'payout.paid');
