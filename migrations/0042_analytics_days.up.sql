-- Sums of days that do not begin at midnight of UTC: those of the Americas, of Europe and of India, in summer and in
-- winter, so that a day there is one sum instead of seven.

-- Nobody adds to them meanwhile.
lock table analytics_sums, call_facts in access exclusive mode;

insert into analytics_sums (cube, grain, start_at, key, account_id, currency, calls, connected, answered, converted, rang,
    pdd_ms, connected_ms, revenue, payout, fees, taxes, carrier_cost)
  select cube, 1440, start_at - (start_at - minute * 60000) % 86400000, key, account_id, currency, sum_bigint(calls),
    sum_bigint(connected), sum_bigint(answered), sum_bigint(converted), sum_bigint(rang), sum_bigint(pdd_ms),
    sum_bigint(connected_ms), sum_bigint(revenue), sum_bigint(payout), sum_bigint(fees), sum_bigint(taxes),
    sum_bigint(carrier_cost)
  from analytics_sums s, (values (180), (240), (300), (360), (420), (480), (1320), (1380)) days (minute)
  where s.grain = 60 group by 1, 3, 4, 5, 6;

-- Of those that begin within an hour, hours know nothing.
insert into analytics_sums (cube, grain, start_at, key, account_id, currency, calls, connected, answered, converted, rang,
    pdd_ms, connected_ms, revenue, payout, fees, taxes, carrier_cost)
  select filed.cube, 1440, received_at - (received_at - minute * 60000) % 86400000, coalesce(filed.key, ''),
    coalesce(filed.account, ''), coalesce(currency, ''), sum_bigint(filed.calls), sum_bigint(filed.connected),
    sum_bigint(answered), sum_bigint(converted), sum_bigint(rang), sum_bigint(pdd_ms), sum_bigint(connected_ms),
    sum_bigint(revenue), sum_bigint(payout), sum_bigint(fees), sum_bigint(taxes), sum_bigint(carrier_cost)
  from call_facts f, (values (150), (210), (1110)) days (minute),
    lateral (values
      ('total', '', '', f.calls, f.connected),
      ('campaign', f.campaign_id, '', f.calls, f.connected),
      ('buyer', f.buyer_id, f.buyer_account, f.offered, f.reached),
      ('seller', f.seller_id, f.seller_id, f.calls, f.connected),
      ('trunk', f.trunk_id, f.carrier_account, f.calls, f.connected),
      ('state', f.state, '', f.calls, f.connected)) filed (cube, key, account, calls, connected)
  where filed.cube <> 'buyer' or f.buyer_id is not null
  group by 1, 3, 4, 5, 6;
