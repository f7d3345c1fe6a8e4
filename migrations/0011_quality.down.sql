drop table cap_usage;
drop table target_pauses;
drop table target_discipline;
delete from market_history where entity = 'quality';
drop table bid_qualities;
drop table bid_sums;
drop table roll_ups;
