-- What the exchange owes sellers and carriers is paid to them in batches, by bank transfer.

create table payout_terms (
  account_id     text not null references accounts (id),
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  -- What was earned in a period is paid when it is over: weeks end on Sunday, months with their last day,
  -- by the account's time zone. `manual`: whenever somebody prepares a batch.
  period         text not null check (period in ('weekly', 'monthly', 'manual')),
  -- Micro-units; less than this waits.
  minimum_amount bigint not null default 0 check (minimum_amount between 0 and 1000000000000000),
  -- Money that was earned within so many days before the end of the period is not paid yet.
  hold_back_days integer not null default 0 check (hold_back_days between 0 and 365),
  -- Where to: a text that the bank, or whoever sends the money, knows it by.
  method         text not null check (length(method) between 1 and 200),
  updated_by     text,
  version        integer not null default 1,
  created_at     timestamptz(3) not null default now(),
  updated_at     timestamptz(3) not null default now(),
  primary key (account_id, currency)
);

create table payout_batches (
  seq             bigint generated always as identity primary key,
  id              text not null unique,
  currency        text not null check (currency ~ '^[A-Z]{3}$'),
  up_to           timestamptz(3) not null,
  state           text not null default 'draft' check (state in ('draft', 'approved', 'paid', 'canceled')),
  -- API keys, and the accounts of those keys: who approves is not who prepared.
  prepared_key    text not null,
  prepared_by     text not null,
  prepared_at     timestamptz(3) not null default now(),
  approved_key    text,
  approved_by     text,
  approved_at     timestamptz(3),
  -- When the last item was paid, or the batch was canceled.
  closed_by       text,
  closed_at       timestamptz(3),
  version         integer not null default 1,
  constraint payout_batches_four_eyes check (approved_key <> prepared_key),
  constraint payout_batches_approved check
    ((approved_key is null) = (approved_at is null) and (state not in ('approved', 'paid') or approved_at is not null)),
  constraint payout_batches_closed check ((state in ('paid', 'canceled')) = (closed_at is not null))
);

create table payout_items (
  seq            bigint generated always as identity primary key,
  id             text not null unique,
  batch_id       text not null references payout_batches (id),
  account_id     text not null references accounts (id),
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  -- Micro-units, a whole number of the currency's smallest coin.
  amount         bigint not null check (amount > 0),
  -- As the terms said it.
  method         text not null,
  -- `open` sets the money aside; `failed` and `canceled` give it back.
  state          text not null default 'open' check (state in ('open', 'paid', 'failed', 'canceled')),
  -- The bank's name of the transfer.
  reference      text check (length(reference) between 1 and 200),
  failure        text check (length(failure) between 1 and 500),
  transaction_id bigint references ledger_transactions (id),
  closed_by      text,
  closed_at      timestamptz(3),
  unique (batch_id, account_id),
  constraint payout_items_paid check (state <> 'paid' or (reference is not null and transaction_id is not null)),
  constraint payout_items_failed check ((state = 'failed') = (failure is not null)),
  constraint payout_items_closed check ((state = 'open') = (closed_at is null))
);
create index payout_items_open on payout_items (account_id, currency) where state = 'open';
create index payout_items_by_account on payout_items (account_id, seq desc);
