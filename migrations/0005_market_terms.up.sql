-- Contracts of sellers, caps by metric, settings of delivery, the terms of a campaign, live bids and
-- modifiers of standing ones, orders that set calling hours aside. What stands goes on as it did.

alter table trunks add column trusts_verstat boolean not null default true;

create table sellers (
  id                      text primary key references accounts (id),
  status                  text not null default 'active' check (status in ('active', 'paused', 'archived')),
  -- Null: the contract is silent, and the trunk's says it.
  origin                  text check (origin in ('inbound_consumer', 'outbound_transfer', 'callback', 'agent_outbound', 'unknown')),
  claims                  text[] not null default '{}'
    check (claims <@ array['inbound_consumer', 'outbound_transfer', 'callback', 'agent_outbound', 'unknown']),
  caps                    jsonb not null default '{}',
  bid_requests_per_second integer not null default 0 check (bid_requests_per_second >= 0),
  version                 integer not null default 1,
  created_at              timestamptz not null default now(),
  updated_at              timestamptz not null default now()
);

-- An emergency that forbids calls, or an order that allows them.
create table hours_overrides (
  id         text primary key,
  place      text not null check (place ~ '^[A-Z]{2}$'),
  effect     text not null check (effect in ('forbid', 'allow')),
  -- UTC epoch milliseconds.
  starts_at  bigint not null,
  ends_at    bigint not null,
  citation   text not null check (length(citation) between 1 and 500),
  version    integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint hours_overrides_ends_at_check check (ends_at > starts_at)
);

-- Conversions change rows for the market as well as for the table: their triggers rest meanwhile.
alter table buyers disable trigger buyers_changed;
alter table targets disable trigger targets_changed;
alter table bids disable trigger bids_changed;
alter table campaigns disable trigger campaigns_changed;

alter table buyers
  add column caps jsonb not null default '{}',
  add column settings jsonb,
  add column discipline jsonb;
update buyers set caps = jsonb_build_object('concurrent', max_concurrent) where max_concurrent > 0;
alter table buyers drop column max_concurrent;

alter table targets
  add column caps jsonb not null default '{}',
  add column settings jsonb,
  add column skills jsonb,
  -- Micro-units.
  add column cost_per_minute bigint not null default 0 check (cost_per_minute >= 0),
  -- UTC epoch milliseconds.
  add column paused_until bigint check (paused_until >= 0);
update targets set
  caps = case when max_concurrent > 0 then jsonb_build_object('concurrent', max_concurrent) else '{}' end,
  settings = case when ring_timeout_ms is not null then jsonb_build_object('ringTimeoutMs', ring_timeout_ms) end
  where max_concurrent > 0 or ring_timeout_ms is not null;
alter table targets drop column max_concurrent, drop column ring_timeout_ms;

alter table bids
  add column modifiers jsonb not null default '[]',
  add column ping jsonb,
  add column fallback boolean not null default false;
update bids set caps = jsonb_strip_nulls(jsonb_build_object(
    'connections', nullif(jsonb_strip_nulls(jsonb_build_object(
      'hour', caps -> 'hourly', 'day', caps -> 'daily', 'month', caps -> 'monthly', 'total', caps -> 'total')), '{}'),
    'concurrent', caps -> 'concurrent'))
  where caps <> '{}';

alter table campaigns
  drop constraint campaigns_routing_check,
  drop constraint campaigns_velocity_per_hour_check,
  add column duplicates jsonb not null default '{"windowMs": 0, "after": "connected", "scope": "buyer"}',
  add column compliance jsonb not null default '{}',
  add column fraud jsonb not null default '{"flag": 0.3, "challenge": 0.6, "block": 0.8}',
  -- Campaigns that stand were never held to a margin.
  add column margin jsonb not null default '{"allowLoss": true}',
  add column quality_weight double precision not null default 0 check (quality_weight between 0 and 1),
  add column rtb jsonb not null default '{"deadlineMs": 300, "maxPings": 20}',
  add column sticky_window_ms bigint not null default 0 check (sticky_window_ms >= 0),
  add column skill_tag text not null default 'skills' check (length(skill_tag) between 1 and 256);
alter table campaigns
  add constraint campaigns_routing_check check
    (routing in ('auction', 'priority', 'weighted', 'round_robin', 'skill', 'least_cost', 'performance')),
  add constraint campaigns_velocity_per_hour_check check (velocity_per_hour >= 0);
update campaigns set
  duplicates = jsonb_build_object('windowMs', duplicate_window_ms, 'after', 'connected', 'scope', 'buyer'),
  compliance = case when enforce_hours_inbound then '{"enforceHoursInbound": true}'::jsonb else '{}' end;
alter table campaigns alter column margin set default '{}';
alter table campaigns drop column duplicate_window_ms, drop column enforce_hours_inbound;

alter table buyers enable trigger buyers_changed;
alter table targets enable trigger targets_changed;
alter table bids enable trigger bids_changed;
alter table campaigns enable trigger campaigns_changed;

create trigger sellers_changed         before insert or update or delete on sellers         for each row execute function tell_market_change('seller');
create trigger hours_overrides_changed before insert or update or delete on hours_overrides for each row execute function tell_market_change('override');
