drop table analytics_progress;
drop table analytics_sums;
drop table call_facts;
