drop table settlements, ledger_entries, ledger_transactions, ledger_accounts;
drop function add_to_balances();
drop function check_balanced();
drop function refuse_change();
