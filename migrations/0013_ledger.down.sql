drop trigger ledger_transactions_period_open on ledger_transactions;
drop function check_period_open();
drop table ledger_period_balances, ledger_periods;
drop function keep_periods();

create or replace function post_entries() returns trigger language plpgsql set enable_seqscan = off as $$
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

drop trigger ledger_accounts_chained on ledger_accounts;
drop function open_ledger_chains();
drop table ledger_blocks, ledger_chains;
drop function keep_ledger_chains();
drop function ledger_line;
drop function ledger_hash;

alter table ledger_entries
  add constraint ledger_entries_transaction_id_fkey foreign key (transaction_id) references ledger_transactions (id),
  add constraint ledger_entries_ledger_account_id_fkey foreign key (ledger_account_id) references ledger_accounts (id);
drop index ledger_entries_by_time;
alter table ledger_entries drop constraint ledger_entries_pkey, drop constraint ledger_entries_amount_safe;
alter table ledger_entries drop column posted_at, add primary key (id);
create index ledger_entries_by_transaction on ledger_entries (transaction_id);

drop index ledger_transactions_by_time;
alter table ledger_transactions drop column reason, drop column reverses_id, drop column effective_on;
alter table ledger_transactions drop constraint ledger_transactions_kind_check;
alter table ledger_transactions add constraint ledger_transactions_kind_check check
  (kind in ('call_settlement', 'adjustment', 'reversal'));

drop trigger ledger_accounts_stay on ledger_accounts;
alter table ledger_accounts reset (fillfactor);
alter table ledger_accounts disable trigger ledger_accounts_kept;
alter table ledger_accounts drop constraint ledger_accounts_balance_check;
alter table ledger_accounts drop constraint ledger_accounts_purpose_check;
update ledger_accounts set purpose = 'receivable' where purpose = 'wallet';
alter table ledger_accounts add constraint ledger_accounts_purpose_check check (purpose in
  ('receivable', 'revenue', 'payable', 'payout'));
alter table ledger_accounts enable trigger ledger_accounts_kept;
