-- Sums of days that do not begin at midnight of UTC, so that a day of New York is one sum instead of seven. Here nothing
-- is added up: what comes in is filed by such days from now on, the worker fills in the days of before one by one, from
-- the newest back, and until then reports are put together of what there is.
alter table analytics_progress
  -- UTC epoch milliseconds: sums of such days are whole that begin at it or later; null once all are.
  add column days_at bigint default 9000000000000000;

-- What was never counted has nothing to fill in.
update analytics_progress set days_at = null where not exists (select from analytics_sums);
alter table analytics_progress alter column days_at set default null;
