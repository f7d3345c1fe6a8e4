alter table analytics_progress drop column days_at;
delete from analytics_sums where grain = 1440 and start_at % 86400000 <> 0;
