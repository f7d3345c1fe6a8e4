-- Live bidding: what sellers asked for, and the calls that were reserved for them.

-- Secrets that every node shares, made by the first that needs one.
create table rtb_secrets (
  name       text primary key,
  secret     bytea not null check (length(secret) between 16 and 64),
  created_at timestamptz not null default now()
);

-- An accepted bid request waits for its call. All instants are UTC epoch milliseconds.
create table rtb_reservations (
  id          text primary key check (id ~ '^r[0-9a-f]{30}$'),
  seller_id   text not null,
  campaign_id text not null,
  number      text not null check (number ~ '^\+[1-9][0-9]{6,14}$'),
  -- Keyed hash of the caller: the number itself is not kept.
  caller_hash text,
  tags_key    text not null,
  state       text not null default 'reserved' check (state in ('reserved', 'used', 'expired', 'cancelled')),
  price       bigint not null check (price >= 0),
  currency    text not null check (currency ~ '^[A-Z]{3}$'),
  -- What the call is to be sold on: payout, tags, live offers, units held.
  content     jsonb not null,
  node_id     text not null,
  call_id     text,
  created_at  bigint not null,
  expires_at  bigint not null,
  ended_at    bigint,
  constraint rtb_reservations_used check ((state = 'used') = (call_id is not null)),
  constraint rtb_reservations_ended check ((state = 'reserved') = (ended_at is null))
);
-- One caller with the same tags has one reservation at a time.
create unique index rtb_reservations_open on rtb_reservations (number, caller_hash, tags_key)
  where state = 'reserved' and caller_hash is not null;
create index rtb_reservations_waiting on rtb_reservations (expires_at) where state = 'reserved';
create index rtb_reservations_of_seller on rtb_reservations (seller_id) where state = 'reserved';
create index rtb_reservations_by_call on rtb_reservations (call_id) where call_id is not null;
create index rtb_reservations_by_age on rtb_reservations (created_at);

-- Whoever holds capacity for a reservation is told when it is over.
create function tell_reservation_ended() returns trigger language plpgsql as $$
begin
  perform pg_notify('rtb_reservation_ended', '');
  return null;
end $$;
create trigger rtb_reservations_ended after update of state on rtb_reservations
  for each statement execute function tell_reservation_ended();

-- Every bid request with its answer.
create table rtb_bid_requests (
  id             bigint generated always as identity primary key,
  at             bigint not null,
  seller_id      text not null,
  campaign_id    text,
  number         text,
  caller_hash    text,
  npa            text,
  state          text,
  code           integer not null,
  reason         text not null,
  price          bigint,
  currency       text,
  latency_ms     integer not null check (latency_ms >= 0),
  reservation_id text,
  node_id        text not null
);
create index rtb_bid_requests_by_seller on rtb_bid_requests (seller_id, at desc, id desc);
create index rtb_bid_requests_by_time on rtb_bid_requests (at);

-- Both logs joined: what was asked for, what was reserved, and what came of the call.
create view rtb_bid_log as
  select b.id, b.at, b.seller_id, b.campaign_id, b.number, b.caller_hash, b.npa, b.state, b.code, b.reason,
    b.price, b.currency, b.latency_ms, b.reservation_id, b.node_id,
    r.state as reservation_state, r.expires_at, r.call_id,
    c.state as call_state, c.end_reason, c.answered_at, c.connected_ms, s.payout
  from rtb_bid_requests b
  left join rtb_reservations r on r.id = b.reservation_id
  left join calls c on c.id = r.call_id
  left join settlements s on s.call_id = r.call_id;
