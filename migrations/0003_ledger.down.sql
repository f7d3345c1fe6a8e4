drop table settlements, ledger_entries, ledger_transactions, ledger_accounts;
drop function open_at_zero(), keep_balances(), check_not_empty(), post_entries(), refuse_change();
