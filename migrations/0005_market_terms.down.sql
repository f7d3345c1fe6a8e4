drop table hours_overrides, sellers;
alter table trunks drop column trusts_verstat;

alter table buyers disable trigger buyers_changed;
alter table targets disable trigger targets_changed;
alter table bids disable trigger bids_changed;
alter table campaigns disable trigger campaigns_changed;

alter table buyers add column max_concurrent integer not null default 0 check (max_concurrent >= 0);
update buyers set max_concurrent = coalesce((caps ->> 'concurrent')::integer, 0) where caps ? 'concurrent';
alter table buyers drop column caps, drop column settings, drop column discipline;

alter table targets
  add column max_concurrent integer not null default 0 check (max_concurrent >= 0),
  add column ring_timeout_ms integer check (ring_timeout_ms between 1000 and 120000);
update targets set
  max_concurrent = coalesce((caps ->> 'concurrent')::integer, 0),
  ring_timeout_ms = (settings ->> 'ringTimeoutMs')::integer
  where caps ? 'concurrent' or settings ? 'ringTimeoutMs';
alter table targets
  drop column caps, drop column settings, drop column skills, drop column cost_per_minute, drop column paused_until;

-- Bids whose price is asked for are none without asking.
update bids set status = 'paused' where ping is not null and status = 'active';
alter table bids drop column modifiers, drop column ping, drop column fallback;
update bids set caps = jsonb_strip_nulls(jsonb_build_object(
    'hourly', caps -> 'connections' -> 'hour', 'daily', caps -> 'connections' -> 'day',
    'monthly', caps -> 'connections' -> 'month', 'total', caps -> 'connections' -> 'total',
    'concurrent', caps -> 'concurrent'))
  where caps <> '{}';

alter table campaigns
  drop constraint campaigns_routing_check,
  drop constraint campaigns_velocity_per_hour_check,
  add column duplicate_window_ms bigint not null default 0 check (duplicate_window_ms >= 0),
  add column enforce_hours_inbound boolean not null default false;
update campaigns set
  routing = case when routing in ('auction', 'priority', 'round_robin') then routing else 'auction' end,
  velocity_per_hour = case when velocity_per_hour = 0 then 1000000 else velocity_per_hour end,
  duplicate_window_ms = (duplicates ->> 'windowMs')::bigint,
  enforce_hours_inbound = coalesce((compliance ->> 'enforceHoursInbound')::boolean, false);
alter table campaigns
  add constraint campaigns_routing_check check (routing in ('auction', 'priority', 'round_robin')),
  add constraint campaigns_velocity_per_hour_check check (velocity_per_hour >= 1),
  drop column duplicates, drop column compliance, drop column fraud, drop column margin,
  drop column quality_weight, drop column rtb, drop column sticky_window_ms, drop column skill_tag;

alter table buyers enable trigger buyers_changed;
alter table targets enable trigger targets_changed;
alter table bids enable trigger bids_changed;
alter table campaigns enable trigger campaigns_changed;
