-- A chart of accounts for wallets, fees, carriers and taxes.

alter table ledger_accounts disable trigger ledger_accounts_kept;
alter table ledger_accounts drop constraint ledger_accounts_purpose_check;
update ledger_accounts set purpose = 'wallet' where purpose = 'receivable';
alter table ledger_accounts add constraint ledger_accounts_purpose_check check (purpose in
  ('wallet', 'held', 'payable', 'revenue', 'payout', 'fees', 'carrier_cost', 'tax', 'adjustments', 'cash'));
alter table ledger_accounts enable trigger ledger_accounts_kept;
-- A little less than a bigint holds, so that who would go beyond is told of which account.
alter table ledger_accounts add constraint ledger_accounts_balance_check check
  (balance between -9000000000000000000 and 9000000000000000000);

alter table ledger_transactions drop constraint ledger_transactions_kind_check;
alter table ledger_transactions add constraint ledger_transactions_kind_check check (kind in
  ('hold', 'hold_extension', 'hold_release', 'call_settlement', 'call_rerating', 'top_up', 'refund', 'chargeback',
   'adjustment', 'reversal', 'publisher_payout'));

-- Why, for people; what it takes back; the day whose books it belongs to.
alter table ledger_transactions
  add column reason       text check (length(reason) between 1 and 500),
  add column reverses_id  bigint references ledger_transactions (id) check (reverses_id < id),
  add column effective_on date not null default (now() at time zone 'utc')::date;
alter table ledger_transactions disable trigger ledger_transactions_append_only;
update ledger_transactions set effective_on = (posted_at at time zone 'utc')::date;
alter table ledger_transactions enable trigger ledger_transactions_append_only;
alter table ledger_transactions add constraint ledger_transactions_effective_on_check check
  (effective_on <= (posted_at at time zone 'utc')::date);
create index ledger_transactions_reversing on ledger_transactions (reverses_id) where reverses_id is not null;

-- What is read of one entry fits a safe integer of JavaScript; sums need not.
alter table ledger_entries add constraint ledger_entries_amount_safe check
  (amount between -9007199254740991 and 9007199254740991);
