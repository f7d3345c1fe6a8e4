-- The double-entry ledger: append-only, balanced by the database itself.

create table ledger_accounts (
  id         bigint generated always as identity primary key,
  account_id text not null references accounts (id),
  purpose    text not null check (purpose in ('receivable', 'revenue', 'payable', 'payout')),
  currency   text not null check (currency ~ '^[A-Z]{3}$'),
  -- Sum of all entries; kept by a trigger below, checked by the trial balance.
  balance    bigint not null default 0,
  unique (account_id, purpose, currency)
);

create table ledger_transactions (
  id              bigint generated always as identity primary key,
  idempotency_key text not null unique,
  kind            text not null check (kind in ('call_settlement', 'adjustment', 'reversal')),
  call_id         text,
  posted_at       timestamptz not null default now()
);
create index ledger_transactions_by_call on ledger_transactions (call_id) where call_id is not null;

create table ledger_entries (
  id                bigint generated always as identity primary key,
  transaction_id    bigint not null references ledger_transactions (id),
  ledger_account_id bigint not null references ledger_accounts (id),
  -- Micro-units; positive debits, negative credits.
  amount            bigint not null check (amount <> 0)
);
create index ledger_entries_by_transaction on ledger_entries (transaction_id);
create index ledger_entries_by_account on ledger_entries (ledger_account_id, id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
  for each statement execute function refuse_change();
create trigger ledger_transactions_append_only before update or delete or truncate on ledger_transactions
  for each statement execute function refuse_change();

-- A transaction is written by one statement, balanced, and never added to. Balances are written by that
-- statement and by nobody else. Without sequential scans: plans are kept, and one that was made while the
-- ledger was short must not read all of it when it has grown.
create function post_entries() returns trigger language plpgsql set enable_seqscan = off as $$
begin
  if exists (
    select 1 from ledger_entries e
    where e.transaction_id in (select transaction_id from added) and e.id not in (select id from added)
  ) then
    raise exception 'a posted transaction takes no more entries' using errcode = 'restrict_violation';
  end if;
  if exists (
    select 1 from added e join ledger_accounts a on a.id = e.ledger_account_id
    group by e.transaction_id, a.currency having sum(e.amount) <> 0
  ) then
    raise exception 'the entries of a transaction must balance in every currency' using errcode = 'check_violation';
  end if;
  -- Always in one order, so that two writers cannot wait for each other.
  perform 1 from ledger_accounts
  where id in (select ledger_account_id from added) order by id for no key update;
  update ledger_accounts a set balance = a.balance + d.amount
  from (select ledger_account_id, sum(amount)::bigint as amount from added group by ledger_account_id) d
  where a.id = d.ledger_account_id;
  return null;
end $$;
create trigger ledger_entries_posted after insert on ledger_entries
  referencing new table as added for each statement execute function post_entries();

create function check_not_empty() returns trigger language plpgsql set enable_seqscan = off as $$
begin
  if not exists (select 1 from ledger_entries where transaction_id = new.id) then
    raise exception 'transaction % has no entries', new.id using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger ledger_transactions_not_empty after insert on ledger_transactions
  deferrable initially deferred for each row execute function check_not_empty();

create function keep_balances() returns trigger language plpgsql as $$
begin
  raise exception 'balances change by entries alone' using errcode = 'restrict_violation';
end $$;
-- Depth 0: a statement of a client, not of the trigger above.
create trigger ledger_accounts_kept before update on ledger_accounts
  for each statement when (pg_trigger_depth() = 0) execute function keep_balances();
create function open_at_zero() returns trigger language plpgsql as $$
begin
  if new.balance <> 0 then
    raise exception 'a ledger account opens at zero' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger ledger_accounts_open_at_zero before insert on ledger_accounts
  for each row execute function open_at_zero();

create table settlements (
  call_id        text primary key,
  transaction_id bigint references ledger_transactions (id),
  connected_ms   bigint not null,
  revenue        bigint not null check (revenue >= 0),
  payout         bigint not null check (payout >= 0),
  currency       text not null,
  settled_at     timestamptz not null default now()
);

-- The exchange itself has books from the first day.
insert into accounts (id, name, type) values ('operator', 'Exchange operator', 'operator') on conflict do nothing;
