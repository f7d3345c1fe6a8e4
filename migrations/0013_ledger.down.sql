alter table ledger_entries drop constraint ledger_entries_amount_safe;
alter table ledger_transactions drop column reason, drop column reverses_id, drop column effective_on;
alter table ledger_transactions drop constraint ledger_transactions_kind_check;
alter table ledger_transactions add constraint ledger_transactions_kind_check check
  (kind in ('call_settlement', 'adjustment', 'reversal'));
alter table ledger_accounts disable trigger ledger_accounts_kept;
alter table ledger_accounts drop constraint ledger_accounts_balance_check;
alter table ledger_accounts drop constraint ledger_accounts_purpose_check;
update ledger_accounts set purpose = 'receivable' where purpose = 'wallet';
alter table ledger_accounts add constraint ledger_accounts_purpose_check check (purpose in
  ('receivable', 'revenue', 'payable', 'payout'));
alter table ledger_accounts enable trigger ledger_accounts_kept;
