-- Wallets: how much of a buyer's calls its money must cover, and what is held of it for which call. The money
-- itself is in the ledger's accounts `wallet` and `held`.

create table wallets (
  account_id       text not null references accounts (id),
  currency         text not null check (currency ~ '^[A-Z]{3}$'),
  kind             text not null default 'prepaid' check (kind in ('prepaid', 'credit')),
  -- Micro-units that may be owed; calls are held for as long as credit limit − balance covers them.
  credit_limit     bigint not null default 0 check (credit_limit between 0 and 1000000000000000),
  -- What is available, in micro-units: below the first somebody is told, at or below the second none are sold.
  low_balance_at   bigint check (low_balance_at between 0 and 1000000000000000),
  stop_below       bigint not null default 0 check (stop_below between 0 and 1000000000000000),
  -- A call that the wallet covers no longer goes on, or ends when what is held for it is used up.
  on_exhausted     text not null default 'finish' check (on_exhausted in ('finish', 'end')),
  -- Money is fetched by itself when less than this is available.
  top_up_below     bigint check (top_up_below between 0 and 1000000000000000),
  top_up_amount    bigint check (top_up_amount between 1 and 1000000000000000),
  top_up_method    text check (length(top_up_method) between 1 and 256),
  top_ups_a_day    integer not null default 3 check (top_ups_a_day between 1 and 100),

  -- Since when it is low, and stopped; the last two changes of that.
  low_since        timestamptz,
  low_changed_at   timestamptz,
  stopped_since    timestamptz,
  funds_changed_at timestamptz,
  -- Numbers its events.
  event_seq        bigint not null default 0,
  -- The top-up under way, if any, when it was last asked for, whether somebody took it on, and those of the
  -- day (UTC).
  top_up_pending   text,
  top_up_asked_at  timestamptz,
  top_up_taken_on  boolean not null default false,
  top_up_day       date,
  top_ups_today    integer not null default 0,

  version          integer not null default 1,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  primary key (account_id, currency),
  constraint wallets_prepaid_owes_nothing check (kind = 'credit' or credit_limit = 0),
  constraint wallets_top_up_whole check
    ((top_up_below is null) = (top_up_amount is null) and (top_up_below is null) = (top_up_method is null))
);

-- Wallets with what may still be set aside of them, in micro-units.
create view wallet_funds as
  select w.*, w.credit_limit - coalesce(l.balance, 0) as available, coalesce(l.balance, 0) as balance
  from wallets w
  left join ledger_accounts l on (l.account_id, l.purpose, l.currency) = (w.account_id, 'wallet', w.currency);

-- What is set aside for one ring attempt, until the call is settled or somebody else takes it.
create table holds (
  -- <call>/<number of the attempt>
  id         text primary key check (length(id) between 3 and 200),
  call_id    text not null,
  account_id text not null,
  currency   text not null,
  -- Micro-units; grows while the call is up.
  amount     bigint not null check (amount > 0),
  state      text not null default 'open' check (state in ('open', 'captured', 'released')),
  -- The start of the node that has the call.
  node_id    text not null,
  boot_id    text not null,
  placed_at  timestamptz(3) not null default now(),
  closed_at  timestamptz,
  foreign key (account_id, currency) references wallets (account_id, currency),
  constraint holds_closed_once check ((state = 'open') = (closed_at is null))
);
create index holds_open on holds (call_id) where state = 'open';
create index holds_by_account on holds (account_id, currency, placed_at desc, id desc);
create index holds_closed on holds (closed_at) where state <> 'open';

-- Money that came in outside, by bank transfer say: each reference once.
create table wallet_top_ups (
  id             bigint generated always as identity primary key,
  account_id     text not null,
  currency       text not null,
  reference      text not null check (length(reference) between 1 and 128),
  amount         bigint not null check (amount > 0),
  note           text check (length(note) <= 500),
  transaction_id bigint not null references ledger_transactions (id),
  -- Account of the API key that said so.
  received_by    text,
  created_at     timestamptz not null default now(),
  unique (account_id, currency, reference),
  foreign key (account_id, currency) references wallets (account_id, currency)
);
