-- Money that is fetched from buyers' cards, and given back to them, by a provider of payments.

-- How an account pays: references to what the provider keeps. No data of a card that could be charged.
create table payment_methods (
  id           text primary key,
  account_id   text not null references accounts (id),
  provider     text not null check (provider in ('stripe')),
  customer_ref text not null check (length(customer_ref) between 1 and 255),
  method_ref   text not null check (length(method_ref) between 1 and 255),
  -- For people, to tell one card from another.
  brand        text check (length(brand) between 1 and 40),
  last4        text check (last4 ~ '^[0-9]{4}$'),
  exp_month    integer check (exp_month between 1 and 12),
  exp_year     integer check (exp_year between 2000 and 2100),
  status       text not null default 'active' check (status in ('active', 'removed')),
  -- Account of the API key that added it.
  created_by   text,
  version      integer not null default 1,
  created_at   timestamptz(3) not null default now(),
  updated_at   timestamptz(3) not null default now(),
  constraint payment_methods_expiry_whole check ((exp_month is null) = (exp_year is null))
);
create unique index payment_methods_once on payment_methods (provider, method_ref) where status = 'active';
create index payment_methods_by_account on payment_methods (account_id, id);

create table payments (
  seq             bigint generated always as identity primary key,
  id              text not null unique,
  kind            text not null check (kind in ('charge', 'refund', 'chargeback')),
  -- Who began it: somebody by the API, a wallet that ran low, or somebody at the provider.
  cause           text not null check (cause in ('request', 'auto_top_up', 'provider')),
  account_id      text not null references accounts (id),
  currency        text not null check (currency ~ '^[A-Z]{3}$'),
  -- Micro-units; which way they go is the kind's to say.
  amount          bigint not null check (amount between 1 and 1000000000000000),
  state           text not null default 'created' check (state in ('created', 'pending', 'succeeded', 'failed')),
  -- The charge that a refund or a chargeback takes back.
  charge_id       text references payments (id),
  method_id       text references payment_methods (id),
  provider        text not null check (provider in ('stripe')),
  provider_ref    text,
  idempotency_key text not null unique check (length(idempotency_key) between 1 and 200),
  -- The wallet's name for a top-up that it asked for.
  top_up_key      text unique,
  reason          text check (length(reason) <= 500),
  failure_code    text,
  failure_message text,
  -- The same may work another time.
  retryable       boolean,
  -- Times that the provider was asked, and those since it last answered.
  attempts        integer not null default 0,
  unanswered      integer not null default 0,
  first_asked_at  timestamptz(3),
  -- When it is the keeper's turn again; null when nothing is left to ask.
  next_try_at     timestamptz(3),
  -- Since when it needs a person: nobody knows whether the money moved.
  stuck_at        timestamptz(3),
  -- What was posted for it.
  transaction_id  bigint references ledger_transactions (id),
  -- The top-up that failed once too often: the wallet asks for no more by itself.
  switched_off    boolean not null default false,
  -- Account of the API key that asked.
  requested_by    text,
  created_at      timestamptz(3) not null default now(),
  updated_at      timestamptz(3) not null default now(),
  finished_at     timestamptz(3),
  unique (provider, provider_ref),
  constraint payments_of_a_charge check ((kind = 'charge') = (charge_id is null)),
  constraint payments_failure_explained check ((state = 'failed') = (failure_code is not null)),
  constraint payments_finished check ((state in ('succeeded', 'failed')) = (finished_at is not null)),
  constraint payments_waits check (next_try_at is null or state in ('created', 'pending'))
);
create index payments_by_account on payments (account_id, seq desc);
create index payments_of_charge on payments (charge_id) where charge_id is not null;
create index payments_waiting on payments (next_try_at) where next_try_at is not null;
create index payments_stuck on payments (seq) where stuck_at is not null;
-- One top-up of a wallet at a time.
create unique index payments_one_top_up on payments (account_id, currency)
  where cause = 'auto_top_up' and state in ('created', 'pending');

-- What the provider told by itself, each event once.
create table payment_events (
  id          text primary key check (length(id) between 1 and 255),
  type        text not null,
  -- `kept`: of a payment that is not known here, for people.
  outcome     text not null check (outcome in ('applied', 'changed_nothing', 'kept', 'resolved')),
  why         text,
  -- The provider's name of the charge it is about, and what it says, as far as it is needed again.
  charge_ref  text,
  news        jsonb,
  resolved_by text,
  note        text check (length(note) <= 500),
  received_at timestamptz(3) not null default now(),
  resolved_at timestamptz(3),
  constraint payment_events_kept_whole check (outcome <> 'kept' or (why is not null and news is not null))
);
create index payment_events_kept on payment_events (received_at, id) where outcome = 'kept';
create index payment_events_old on payment_events (received_at) where outcome in ('applied', 'changed_nothing');
