update market_history set value = value - array['funding', 'funds', 'payouts', 'splits', 'conversions', 'short_call_ms', 'trunk_id']
  where value is not null and entity in ('account', 'seller', 'campaign', 'bid', 'target');
alter table targets drop column trunk_id;
alter table bids drop column conversions;
alter table campaigns drop column short_call_ms, drop column conversions;
alter table sellers drop column splits, drop column payouts;
alter table accounts drop column funds, drop column funding;
