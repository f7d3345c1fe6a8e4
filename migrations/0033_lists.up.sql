-- Orders that lists of entities are asked for in: ids decide between equals, so that a page ends at one place.
-- Numbers and user names are unique: their indexes are there.

create index accounts_by_name     on accounts (name, id);
create index accounts_by_created  on accounts (created_at, id);
create index accounts_by_updated  on accounts (updated_at, id);
create index trunks_by_name       on trunks (name, id);
create index trunks_by_created    on trunks (created_at, id);
create index trunks_by_updated    on trunks (updated_at, id);
create index sellers_by_created   on sellers (created_at, id);
create index sellers_by_updated   on sellers (updated_at, id);
create index did_numbers_by_created on did_numbers (created_at, id);
create index did_numbers_by_updated on did_numbers (updated_at, id);
create index did_numbers_by_campaign on did_numbers (campaign_id, id);
create index did_numbers_by_seller  on did_numbers (seller_id, id);
-- Numbers are looked for by their first digits, whatever the collation.
create index did_numbers_by_digits  on did_numbers (number text_pattern_ops);
create index campaigns_by_name    on campaigns (name, id);
create index campaigns_by_created on campaigns (created_at, id);
create index campaigns_by_updated on campaigns (updated_at, id);
create index buyers_by_name       on buyers (name, id);
create index buyers_by_created    on buyers (created_at, id);
create index buyers_by_updated    on buyers (updated_at, id);
create index buyers_by_account    on buyers (account_id, id);
create index targets_by_name      on targets (name, id);
create index targets_by_created   on targets (created_at, id);
create index targets_by_updated   on targets (updated_at, id);
create index targets_by_buyer     on targets (buyer_id, id);
create index agents_by_name       on agents (name, id);
create index agents_by_created    on agents (created_at, id);
create index agents_by_updated    on agents (updated_at, id);
create index teams_by_name        on teams (name, id);
create index teams_by_created     on teams (created_at, id);
create index teams_by_updated     on teams (updated_at, id);
create index bids_by_price        on bids (price, id);
create index bids_by_priority     on bids (priority, id);
create index bids_by_target       on bids (target_id, id);
create index bids_by_created      on bids (created_at, id);
create index bids_by_updated      on bids (updated_at, id);
create index dnc_entries_by_digits  on dnc_entries (number text_pattern_ops);
create index dnc_entries_by_created on dnc_entries (created_at, id);
create index dnc_entries_by_updated on dnc_entries (updated_at, id);
create index hours_overrides_by_start   on hours_overrides (starts_at, id);
create index hours_overrides_by_end     on hours_overrides (ends_at, id);
create index hours_overrides_by_created on hours_overrides (created_at, id);
create index hours_overrides_by_updated on hours_overrides (updated_at, id);
