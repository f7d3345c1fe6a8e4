delete from analytics_sums where grain = 1440 and start_at % 86400000 <> 0;
