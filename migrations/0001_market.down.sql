drop table dnc_entries, bids, targets, buyers, did_numbers, campaigns, trunks, api_keys, accounts;
drop function tell_market_change();
