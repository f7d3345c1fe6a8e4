-- A chart of accounts for wallets, fees, carriers and taxes; reasons, reversals and accounting dates; a chain
-- of hashes for each account; months that are closed.

alter table ledger_accounts disable trigger ledger_accounts_kept;
alter table ledger_accounts drop constraint ledger_accounts_purpose_check;
update ledger_accounts set purpose = 'wallet' where purpose = 'receivable';
alter table ledger_accounts add constraint ledger_accounts_purpose_check check (purpose in
  ('wallet', 'held', 'payable', 'revenue', 'payout', 'fees', 'carrier_cost', 'tax', 'adjustments', 'cash'));
alter table ledger_accounts enable trigger ledger_accounts_kept;
-- A little less than a bigint holds, so that who would go beyond is told of which account.
alter table ledger_accounts add constraint ledger_accounts_balance_check check
  (balance between -9000000000000000000 and 9000000000000000000);
-- Those of the exchange itself change with every statement: their next version finds room beside the last.
alter table ledger_accounts set (fillfactor = 50);
create trigger ledger_accounts_stay before delete or truncate on ledger_accounts
  for each statement execute function refuse_change();

alter table ledger_transactions drop constraint ledger_transactions_kind_check;
alter table ledger_transactions add constraint ledger_transactions_kind_check check (kind in
  ('hold', 'hold_extension', 'hold_release', 'call_settlement', 'call_rerating', 'top_up', 'refund', 'chargeback',
   'adjustment', 'reversal', 'publisher_payout'));
-- Why, for people; what it takes back; the day whose books it belongs to.
alter table ledger_transactions
  add column reason       text check (length(reason) between 1 and 500),
  add column reverses_id  bigint references ledger_transactions (id),
  add column effective_on date not null default (now() at time zone 'utc')::date,
  add constraint ledger_transactions_reverses_earlier check (reverses_id < id);
alter table ledger_transactions disable trigger ledger_transactions_append_only;
update ledger_transactions set effective_on = (posted_at at time zone 'utc')::date;
alter table ledger_transactions enable trigger ledger_transactions_append_only;
alter table ledger_transactions add constraint ledger_transactions_effective_on_check check
  (effective_on <= (posted_at at time zone 'utc')::date);
create index ledger_transactions_reversing on ledger_transactions (reverses_id) where reverses_id is not null;
create index ledger_transactions_by_day on ledger_transactions (effective_on);
-- They come in the order of time: which blocks are of a day is all that has to be known.
create index ledger_transactions_by_time on ledger_transactions using brin (posted_at) with (autosummarize = on);

-- What is read of one entry fits a safe integer of JavaScript; sums need not.
alter table ledger_entries add constraint ledger_entries_amount_safe check
  (amount between -9007199254740991 and 9007199254740991);
-- That of its transaction, for statements of account: one index finds the entries of a time.
alter table ledger_entries add column posted_at timestamptz;
alter table ledger_entries disable trigger ledger_entries_append_only;
update ledger_entries e set posted_at = t.posted_at from ledger_transactions t where t.id = e.transaction_id;
alter table ledger_entries enable trigger ledger_entries_append_only;
alter table ledger_entries alter column posted_at set default now(), alter column posted_at set not null;
-- One index for what two did.
drop index ledger_entries_by_transaction;
alter table ledger_entries drop constraint ledger_entries_pkey;
alter table ledger_entries add primary key (transaction_id, id);
create index ledger_entries_by_time on ledger_entries (ledger_account_id, posted_at, id);
-- What entries refer to is never changed or removed, and post_entries looks it up for the whole statement at
-- once: a look for each entry, with a lock on rows that everybody changes, cost more than all the rest.
alter table ledger_entries
  drop constraint ledger_entries_transaction_id_fkey, drop constraint ledger_entries_ledger_account_id_fkey;

-- A chain for each account (tenant): the entries that one statement made for it are a block, which holds the
-- hash of the one before it. Whoever keeps a head elsewhere can tell that the past was written anew.
create table ledger_chains (
  account_id text primary key references accounts (id),
  length     bigint not null default 0 check (length >= 0),
  head       bytea not null default decode(repeat('00', 32), 'hex') check (length(head) = 32)
) with (fillfactor = 50);

create table ledger_blocks (
  account_id      text not null,
  seq             bigint not null check (seq > 0),
  -- In rising order; the block is of all their entries in ledger accounts of this account.
  transaction_ids bigint[] not null check (cardinality(transaction_ids) > 0),
  prev_hash       bytea not null check (length(prev_hash) = 32),
  hash            bytea not null check (length(hash) = 32),
  primary key (account_id, seq)
);

-- What is hashed of an entry: a JSON array, with what its transaction says of it.
create function ledger_line(transaction_id bigint, idempotency_key text, kind text, call_id text, reason text,
  reverses_id bigint, posted_at timestamptz, effective_on date, entry_id bigint, purpose text, currency text,
  amount bigint)
returns text language sql stable as $$
  select json_build_array(transaction_id, idempotency_key, kind, call_id, reason, reverses_id,
    (extract(epoch from posted_at) * 1000000)::bigint, effective_on, entry_id, purpose, currency, amount)::text
$$;
-- SHA-256 of the hash before, the place of the block, and the lines of its entries.
create function ledger_hash(prev_hash bytea, account_id text, seq bigint, lines text)
returns bytea language sql stable as $$
  select sha256(prev_hash || convert_to(json_build_array(account_id, seq)::text || E'\n' || lines, 'UTF8'))
$$;

-- What was posted before there were chains is the first block of each.
with block as (
  select a.account_id, array_agg(distinct t.id) as transaction_ids,
    string_agg(ledger_line(t.id, t.idempotency_key, t.kind, t.call_id, t.reason, t.reverses_id, t.posted_at,
      t.effective_on, e.id, a.purpose, a.currency, e.amount), E'\n' order by t.id, e.id) as lines
  from ledger_entries e
  join ledger_transactions t on t.id = e.transaction_id
  join ledger_accounts a on a.id = e.ledger_account_id
  group by a.account_id)
insert into ledger_blocks (account_id, seq, transaction_ids, prev_hash, hash)
select account_id, 1, transaction_ids, zero, ledger_hash(zero, account_id, 1, lines)
from block, decode(repeat('00', 32), 'hex') as zero;
insert into ledger_chains (account_id, length, head)
select a.account_id, coalesce(b.seq, 0), coalesce(b.hash, decode(repeat('00', 32), 'hex'))
from (select distinct account_id from ledger_accounts) a left join ledger_blocks b using (account_id);

create trigger ledger_blocks_append_only before update or delete or truncate on ledger_blocks
  for each statement execute function refuse_change();
create trigger ledger_chains_stay before delete or truncate on ledger_chains
  for each statement execute function refuse_change();
create function keep_ledger_chains() returns trigger language plpgsql as $$
begin
  raise exception 'chains grow by entries alone' using errcode = 'restrict_violation';
end $$;
-- Depth 0: a statement of a client, not of a trigger below.
create trigger ledger_chains_kept before insert or update on ledger_chains
  for each statement when (pg_trigger_depth() = 0) execute function keep_ledger_chains();
create trigger ledger_blocks_kept before insert on ledger_blocks
  for each statement when (pg_trigger_depth() = 0) execute function keep_ledger_chains();
create function open_ledger_chains() returns trigger language plpgsql as $$
begin
  insert into ledger_chains (account_id) select distinct account_id from opened order by account_id
  on conflict do nothing;
  return null;
end $$;
create trigger ledger_accounts_chained after insert on ledger_accounts
  referencing new table as opened for each statement execute function open_ledger_chains();

-- A transaction is written by one statement, balanced, and never added to. Balances and chains are written by
-- that statement and by nobody else.
--
-- Plans are kept: one that was made while the ledger was short must not read all of it when it has grown. So
-- there are no sequential scans, and rows are looked up by arrays of keys or one by one (lateral … limit 1),
-- which no plan can make a join with the whole table of.
create or replace function post_entries() returns trigger language plpgsql
set enable_seqscan = off set jit = off as $$
declare
  ids bigint[] := array(select distinct ledger_account_id from added order by 1);
  tenants text[] := array(select distinct account_id from ledger_accounts where id = any(ids) order by 1);
begin
  -- Waiting for a lock shows what the others did meanwhile; an older snapshot would hide it.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the ledger is written under read committed' using errcode = 'restrict_violation';
  end if;
  if exists (
    select 1 from (select transaction_id, count(*) as entries from added group by transaction_id) d
    where d.entries <> (select count(*) from ledger_entries e where e.transaction_id = d.transaction_id)
  ) then
    raise exception 'a posted transaction takes no more entries' using errcode = 'restrict_violation';
  end if;
  -- The transaction is of this very database transaction, whose beginning is the instant of posting.
  if exists (
    select 1 from (
      select transaction_id, bool_and(posted_at = now()) as timely from added group by transaction_id) d
    where not d.timely
      or now() is distinct from (select t.posted_at from ledger_transactions t where t.id = d.transaction_id)
  ) or cardinality(ids) <> (select count(*) from ledger_accounts where id = any(ids)) then
    raise exception 'an entry has a transaction that is posted with it, and a ledger account'
      using errcode = 'foreign_key_violation';
  end if;
  if exists (
    select 1 from added e
    cross join lateral (select currency from ledger_accounts where id = e.ledger_account_id limit 1) a
    group by e.transaction_id, a.currency having sum(e.amount) <> 0
  ) then
    raise exception 'the entries of a transaction must balance in every currency' using errcode = 'check_violation';
  end if;
  -- Always in one order, so that two writers cannot wait for each other.
  perform 1 from ledger_accounts where id = any(ids) order by id for no key update;
  update ledger_accounts a set balance = a.balance + d.amount
  from (select ledger_account_id, sum(amount)::bigint as amount from added group by ledger_account_id) d
  where a.id = d.ledger_account_id and a.id = any(ids);
  perform 1 from ledger_chains where account_id = any(tenants) order by account_id for no key update;
  with block as (
    select a.account_id, array_agg(distinct e.transaction_id) as transaction_ids,
      string_agg(ledger_line(t.id, t.idempotency_key, t.kind, t.call_id, t.reason, t.reverses_id, t.posted_at,
        t.effective_on, e.id, a.purpose, a.currency, e.amount), E'\n' order by t.id, e.id) as lines
    from added e
    cross join lateral (select * from ledger_transactions where id = e.transaction_id limit 1) t
    cross join lateral (select * from ledger_accounts where id = e.ledger_account_id limit 1) a
    group by a.account_id),
  linked as (
    insert into ledger_blocks (account_id, seq, transaction_ids, prev_hash, hash)
    select b.account_id, c.length + 1, b.transaction_ids, c.head,
      ledger_hash(c.head, b.account_id, c.length + 1, b.lines)
    from block b
    cross join lateral (select length, head from ledger_chains where account_id = b.account_id limit 1) c
    returning account_id, seq, hash)
  update ledger_chains c set length = l.seq, head = l.hash
  from linked l where c.account_id = l.account_id and c.account_id = any(tenants);
  return null;
end $$;

-- Months whose books are closed, or being closed: nothing more is posted into them, nor before them.
create table ledger_periods (
  month     date primary key check (extract(day from month) = 1),
  closed_by text check (length(closed_by) between 1 and 200),
  -- When it began, which is from when on nothing is posted into it; and when its balances were there.
  begun_at  timestamptz not null default now(),
  closed_at timestamptz
);
create function keep_periods() returns trigger language plpgsql as $$
begin
  if old.closed_at is not null then
    raise exception 'a closed period stays as it is' using errcode = 'restrict_violation';
  end if;
  return case tg_op when 'DELETE' then old else new end;
end $$;
create trigger ledger_periods_kept before update or delete on ledger_periods
  for each row execute function keep_periods();
create trigger ledger_periods_stay before truncate on ledger_periods
  for each statement execute function refuse_change();

-- Of every ledger account that has ever moved. More than a bigint: debits of a month are no balance.
create table ledger_period_balances (
  month             date not null references ledger_periods (month),
  ledger_account_id bigint not null references ledger_accounts (id),
  opening           numeric not null,
  debits            numeric not null check (debits >= 0),
  credits           numeric not null check (credits >= 0),
  closing           numeric not null,
  primary key (month, ledger_account_id),
  constraint ledger_period_balances_add_up check (closing = opening + debits - credits)
);
create trigger ledger_period_balances_append_only before update or delete or truncate on ledger_period_balances
  for each statement execute function refuse_change();

-- Who closes a month waits for all who are posting (see closePeriod), so that what is not seen here was not there.
create function check_period_open() returns trigger language plpgsql set enable_seqscan = off as $$
begin
  if exists (
    select 1 from added
    where effective_on < (select max(month) + interval '1 month' from ledger_periods)
  ) then
    raise exception 'the books of that month are closed'
      using errcode = 'restrict_violation', constraint = 'ledger_transactions_period_open';
  end if;
  return null;
end $$;
create trigger ledger_transactions_period_open after insert on ledger_transactions
  referencing new table as added for each statement execute function check_period_open();
