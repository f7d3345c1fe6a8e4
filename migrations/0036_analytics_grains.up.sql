-- Sums of four and eight hours, and of quarters of everything, so that days of any zone are put together of few of them; and
-- the facts of a stretch of time are found by a tree instead of block by block.

-- Nobody adds to them meanwhile.
lock table analytics_sums, call_facts in access exclusive mode;
alter table analytics_sums
  drop constraint analytics_sums_grain_check,
  -- Minutes; quarters are kept of the total alone.
  add constraint analytics_sums_grain_check check (grain in (60, 240, 480, 1440) or (grain = 15 and cube = 'total'));

-- sum(bigint) is a numeric: this one adds bigints to a bigint, and fails where that does not fit.
create aggregate sum_bigint(bigint) (sfunc = int8pl, stype = bigint, initcond = '0', combinefunc = int8pl, parallel = safe);

insert into analytics_sums (cube, grain, start_at, key, account_id, currency, calls, connected, answered, converted, rang,
    pdd_ms, connected_ms, revenue, payout, fees, taxes, carrier_cost)
  select cube, coarse.grain, start_at - start_at % (coarse.grain * 60000), key, account_id, currency, sum_bigint(calls), sum_bigint(connected),
    sum_bigint(answered), sum_bigint(converted), sum_bigint(rang), sum_bigint(pdd_ms), sum_bigint(connected_ms),
    sum_bigint(revenue), sum_bigint(payout), sum_bigint(fees), sum_bigint(taxes), sum_bigint(carrier_cost)
  from analytics_sums s, (values (240), (480)) coarse (grain)
  where s.grain = 60 group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4;
insert into analytics_sums (cube, grain, start_at, key, account_id, currency, calls, connected, answered, converted, rang,
    pdd_ms, connected_ms, revenue, payout, fees, taxes, carrier_cost)
  select 'total', 15, received_at - received_at % 900000, '', '', coalesce(currency, ''), sum_bigint(calls),
    sum_bigint(connected), sum_bigint(answered), sum_bigint(converted), sum_bigint(rang), sum_bigint(pdd_ms),
    sum_bigint(connected_ms), sum_bigint(revenue), sum_bigint(payout), sum_bigint(fees), sum_bigint(taxes),
    sum_bigint(carrier_cost)
  from call_facts group by 3, 6 order by 3;

drop index call_facts_by_time;
create index call_facts_by_time on call_facts (received_at);
