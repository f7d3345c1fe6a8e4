-- Prices by what a call turned out to be worth, sellers' own prices and those who share in them, calls too
-- short to count, wallets that must cover a call, carriers that are paid for delivery.

alter table accounts
  -- Null: on account, and nothing stops it.
  add column funding text check (funding in ('open', 'wallet')),
  add column funds   text check (funds in ('ok', 'stopped'));
alter table sellers
  add column payouts jsonb,
  add column splits  jsonb;
alter table campaigns
  add column conversions   jsonb,
  add column short_call_ms bigint check (short_call_ms >= 0);
alter table bids add column conversions jsonb;
alter table targets add column trunk_id text references trunks (id);

-- The past as well: columns that may be null are so there.
update market_history set value = value || case entity
    when 'account'  then '{"funding": null, "funds": null}'::jsonb
    when 'seller'   then '{"payouts": null, "splits": null}'
    when 'campaign' then '{"conversions": null, "short_call_ms": null}'
    when 'bid'      then '{"conversions": null}'
    else '{"trunk_id": null}'
  end
  where value is not null and entity in ('account', 'seller', 'campaign', 'bid', 'target');
