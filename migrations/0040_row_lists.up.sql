-- Orders that lists of money and of access are asked for in: the row's own id decides between equals, so that a
-- page ends at one place. Read backwards they serve the other direction as well.

create index disputes_by_opened    on disputes (opened_at, seq);
create index disputes_by_claimed   on disputes (claimed, seq);
create index billing_documents_by_issued  on billing_documents (issued_at, id);
create index billing_documents_by_charged on billing_documents (charged, id);
create index billing_documents_by_closing on billing_documents (closing, id);
create index fraud_cases_by_score    on fraud_cases (score, call_id);
create index fraud_cases_by_received on fraud_cases (received_at, call_id);
create index settlements_by_settled  on settlements (settled_at, call_id);
drop index settlements_by_time;
create index payout_batches_by_period   on payout_batches (up_to, seq);
create index payout_batches_by_prepared on payout_batches (prepared_at, seq);
create index payout_items_by_amount on payout_items (amount, seq);
create index postback_deliveries_by_created on postback_deliveries (created_at, id);
create index users_by_name    on users (name, id);
create index users_by_created on users (created_at, id);
create index api_keys_by_name    on api_keys (name, id) where revoked_at is null;
create index api_keys_by_created on api_keys (created_at, id) where revoked_at is null;
create index oauth_clients_by_name    on oauth_clients (name, id) where revoked_at is null;
create index oauth_clients_by_created on oauth_clients (created_at, id) where revoked_at is null;
