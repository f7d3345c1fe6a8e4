drop trigger ledger_accounts_open_at_zero on ledger_accounts;
drop function open_at_zero();
drop trigger ledger_accounts_kept on ledger_accounts;
drop function keep_balances();
drop trigger ledger_transactions_not_empty on ledger_transactions;
drop function check_not_empty();
drop trigger ledger_entries_posted on ledger_entries;
drop function post_entries();

create function check_balanced() returns trigger language plpgsql as $$
begin
  if exists (
    select 1
    from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
    where e.transaction_id = new.transaction_id
    group by a.currency
    having sum(e.amount) <> 0
  ) then
    raise exception 'transaction % does not balance', new.transaction_id using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger ledger_entries_balanced after insert on ledger_entries
  deferrable initially deferred for each row execute function check_balanced();

create function add_to_balances() returns trigger language plpgsql as $$
begin
  update ledger_accounts a set balance = a.balance + d.amount
  from (select ledger_account_id, sum(amount)::bigint as amount from added group by ledger_account_id order by 1) d
  where a.id = d.ledger_account_id;
  return null;
end $$;
create trigger ledger_entries_balances after insert on ledger_entries
  referencing new table as added for each statement execute function add_to_balances();
