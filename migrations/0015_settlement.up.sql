-- Settlements that explain a call's money, what became of those that failed, and calls whose end came late.

-- Sums are in the currency of the sale; each line says whose it is, what for, and in what currency.
alter table settlements
  add column fees         bigint not null default 0 check (fees >= 0),
  add column taxes        bigint not null default 0 check (taxes >= 0),
  add column carrier_cost bigint not null default 0 check (carrier_cost >= 0),
  -- Micro-units that were held for the call and taken over.
  add column held         bigint not null default 0 check (held >= 0),
  -- The rules that decided what the buyer pays and what the seller earns.
  add column priced       text not null default 'plan',
  add column earned       text not null default 'plan',
  add column lines        jsonb not null default '[]';

-- They come in the order of time: which blocks are of a day is all that has to be known.
create index settlements_by_time on settlements using brin (settled_at) with (autosummarize = on);

-- Rounds of tries that came to nothing while the database was there: so many, and it is for people.
alter table outbox add column rounds integer not null default 0 check (rounds >= 0);

-- What befell settlements that did not go well, for those who look at them.
create table settlement_history (
  id      bigint generated always as identity primary key,
  call_id text not null,
  event   text not null check (event in ('round_failed', 'died', 'redriven')),
  reason  text,
  -- Account of the API key that did it, or who did it at a terminal.
  by_whom text,
  at      timestamptz(3) not null default now()
);
create index settlement_history_by_call on settlement_history (call_id, id);

-- Calls that were closed and settled for a node that came back and told another end: money that would have
-- been otherwise is moved by people.
create table settlement_differences (
  call_id        text primary key,
  kind           text not null check (kind in ('late_end')),
  state          text not null default 'open' check (state in ('open', 'accepted', 'dismissed')),
  currency       text not null,
  -- What the call has come to, and what it would have come to: {connectedMs, revenue, payout, …}.
  was            jsonb not null,
  would_be       jsonb not null,
  -- What is to be booked: {kind, accountId, code, text, amount, currency}, amounts as differences.
  changes        jsonb not null,
  -- Changes of the call's money since its settlement that were seen when it was looked at.
  revisions      integer not null,
  opened_at      timestamptz(3) not null default now(),
  resolved_by    text,
  resolved_at    timestamptz(3),
  note           text check (length(note) <= 2000),
  transaction_id bigint references ledger_transactions (id),
  constraint settlement_differences_resolved check ((state = 'open') = (resolved_at is null)),
  constraint settlement_differences_posted check (transaction_id is null or state = 'accepted')
);
create index settlement_differences_by_time on settlement_differences (opened_at desc, call_id desc);
create index settlement_differences_open on settlement_differences (call_id) where state = 'open';

create index outbox_late on outbox (id) where type = 'call.ended_late' and done_at is null;
