drop index call_facts_by_time;
create index call_facts_by_time on call_facts using brin (received_at) with (pages_per_range = 32, autosummarize = on);
delete from analytics_sums where grain in (15, 240, 480);
alter table analytics_sums
  drop constraint analytics_sums_grain_check,
  add constraint analytics_sums_grain_check check (grain in (60, 1440));
drop aggregate sum_bigint(bigint);
