-- A chart of accounts for wallets, fees, carriers and taxes.

alter table ledger_accounts disable trigger ledger_accounts_kept;
alter table ledger_accounts drop constraint ledger_accounts_purpose_check;
update ledger_accounts set purpose = 'wallet' where purpose = 'receivable';
alter table ledger_accounts add constraint ledger_accounts_purpose_check check (purpose in
  ('wallet', 'held', 'payable', 'revenue', 'payout', 'fees', 'carrier_cost', 'tax', 'adjustments', 'cash'));
alter table ledger_accounts enable trigger ledger_accounts_kept;

alter table ledger_transactions drop constraint ledger_transactions_kind_check;
alter table ledger_transactions add constraint ledger_transactions_kind_check check (kind in
  ('hold', 'hold_extension', 'hold_release', 'call_settlement', 'call_rerating', 'top_up', 'refund', 'chargeback',
   'adjustment', 'reversal', 'publisher_payout'));
