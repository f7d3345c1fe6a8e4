-- What becomes known of a call while it is up and for weeks after, and how that changes its money.

create table call_signals (
  id          bigint generated always as identity primary key,
  -- Not a reference: what a caller keys in may be known before the call is stored.
  call_id     text not null check (length(call_id) between 1 and 200),
  kind        text not null check (kind in ('postback', 'keypress', 'disposition')),
  value       text not null check (length(value) between 1 and 64),
  -- UTC epoch milliseconds: when it happened, as whoever tells says.
  at          bigint not null check (at > 0),
  -- Who told: key:<id>, token:<id>, switch.
  source      text not null check (length(source) between 1 and 100),
  received_at timestamptz(3) not null default now(),
  unique (call_id, kind, value)
);
create trigger call_signals_append_only before update or delete or truncate on call_signals
  for each statement execute function refuse_change();

-- What a buyer pastes into other systems: it may tell of its own calls, and nothing else.
create table postback_tokens (
  id         text primary key,
  account_id text not null references accounts (id),
  name       text not null check (length(name) between 1 and 100),
  -- Of the token, which is shown once.
  sha256     bytea not null unique check (octet_length(sha256) = 32),
  -- Events that it may tell of; none listed allows any.
  events     text[] not null default '{}' check (cardinality(events) <= 50),
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  -- Id of the API key that made it.
  created_by text,
  created_at timestamptz(3) not null default now()
);
create index postback_tokens_by_account on postback_tokens (account_id, created_at desc, id desc);

-- Calls by the name that their buyer gave its offer.
create index calls_by_reference on calls ((sale #>> '{target,reference}')) where sale #>> '{target,reference}' is not null;

-- Everything that was booked for a call after its settlement: each row is a difference.
create table settlement_revisions (
  call_id        text not null references settlements (call_id),
  n              integer not null check (n between 1 and 1000),
  -- rerating: signals came; reversal: a part was given back; award: a seller got more; correction: what it
  -- was settled by was not so.
  kind           text not null check (kind in ('rerating', 'reversal', 'award', 'correction')),
  -- rerate, dispute:<id>, refund:<id> …
  cause          text not null check (length(cause) between 1 and 200),
  -- Null when lines changed and no money did.
  transaction_id bigint unique references ledger_transactions (id),
  -- {kind, accountId, code, text, amount, currency}: amounts are differences, and may be negative.
  lines          jsonb not null,
  -- Sums of the lines in the currency of the sale.
  revenue        bigint not null,
  payout         bigint not null,
  fees           bigint not null,
  taxes          bigint not null,
  carrier_cost   bigint not null,
  -- Micro-units given back to the buyer of which the seller bears no part.
  borne          bigint not null default 0 check (borne >= 0),
  -- Of ratings: the rules that decided, and how many signals were known.
  priced         text,
  earned         text,
  signals        integer,
  created_at     timestamptz(3) not null default now(),
  primary key (call_id, n),
  constraint settlement_revisions_rated check
    ((kind in ('rerating', 'correction')) = (priced is not null and earned is not null and signals is not null))
);
create unique index settlement_revisions_once on settlement_revisions (cause) where kind <> 'rerating';
create trigger settlement_revisions_append_only before update or delete or truncate on settlement_revisions
  for each statement execute function refuse_change();

-- Whatever the order: nobody gets back more of a call than it cost, nobody loses more than it earned.
create function check_call_money() returns trigger language plpgsql set enable_seqscan = off as $$
begin
  perform 1 from settlements s
  where s.call_id = new.call_id and exists (
    select 1 from settlement_revisions r where r.call_id = s.call_id
    having s.revenue + sum(r.revenue) < 0 or s.payout + sum(r.payout) < 0 or s.fees + sum(r.fees) < 0
      or s.taxes + sum(r.taxes) < 0 or s.carrier_cost + sum(r.carrier_cost) < 0);
  if found then
    raise exception 'more of call % was taken back than there was', new.call_id using errcode = 'check_violation';
  end if;
  return null;
end $$;
create trigger settlement_revisions_within after insert on settlement_revisions
  for each row execute function check_call_money();

-- Signals that a call's money does not reflect yet: tried when due, and again later.
alter table outbox add column due_at timestamptz;
create index outbox_signals on outbox (due_at, id)
  where type = 'call.signal' and done_at is null and dead_at is null;
