-- What is traded, by whom, and where calls come in and go out. Money is bigint micro-units.

create table accounts (
  id          text primary key,
  name        text not null check (length(name) between 2 and 100),
  type        text not null check (type in ('operator', 'buyer', 'seller', 'carrier')),
  status      text not null default 'active' check (status in ('pending', 'active', 'suspended', 'closed')),
  currency    text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
  timezone    text not null default 'UTC',
  version     integer not null default 1,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);

create table api_keys (
  id          text primary key,
  account_id  text not null references accounts (id),
  name        text not null,
  -- SHA-256 of the key; the key itself is shown once and never stored.
  key_hash    bytea not null unique check (length(key_hash) = 32),
  scopes      text[] not null default '{}',
  created_at  timestamptz not null default now(),
  expires_at  timestamptz,
  revoked_at  timestamptz
);

create table trunks (
  id           text primary key,
  account_id   text not null references accounts (id),
  name         text not null check (length(name) between 1 and 100),
  status       text not null default 'active' check (status in ('active', 'disabled')),
  sources      text[] not null check (cardinality(sources) between 1 and 256),
  origin       text not null check (origin in ('inbound_consumer', 'outbound_transfer', 'callback', 'agent_outbound', 'unknown')),
  max_cps      integer not null default 0 check (max_cps >= 0),
  max_channels integer not null default 0 check (max_channels >= 0),
  version      integer not null default 1,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);

create table campaigns (
  id                    text primary key,
  name                  text not null check (length(name) between 1 and 100),
  status                text not null default 'draft' check (status in ('draft', 'active', 'paused', 'archived')),
  currency              text not null check (currency ~ '^[A-Z]{3}$'),
  auction_type          text not null check (auction_type in ('first_price', 'second_price')),
  reserve_price         bigint not null check (reserve_price >= 0),
  routing               text not null check (routing in ('auction', 'priority', 'round_robin')),
  ring_timeout_ms       integer not null check (ring_timeout_ms between 1000 and 120000),
  max_attempts          integer not null check (max_attempts between 1 and 50),
  max_duration_ms       integer not null check (max_duration_ms between 1000 and 14400000),
  payout                jsonb not null,
  duplicate_window_ms   bigint not null default 0 check (duplicate_window_ms >= 0),
  velocity_per_hour     integer not null default 100 check (velocity_per_hour >= 1),
  enforce_hours_inbound boolean not null default false,
  ringback              text not null default 'early_media' check (ringback in ('local', 'early_media')),
  version               integer not null default 1,
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now()
);

create table did_numbers (
  id          text primary key,
  number      text not null unique check (number ~ '^\+[1-9][0-9]{6,14}$'),
  campaign_id text not null references campaigns (id),
  seller_id   text not null references accounts (id),
  status      text not null default 'active' check (status in ('active', 'disabled')),
  version     integer not null default 1,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);

create table buyers (
  id             text primary key,
  account_id     text not null references accounts (id),
  name           text not null check (length(name) between 1 and 100),
  status         text not null default 'active' check (status in ('active', 'paused', 'archived')),
  max_concurrent integer not null default 0 check (max_concurrent >= 0),
  version        integer not null default 1,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now()
);

create table targets (
  id              text primary key,
  buyer_id        text not null references buyers (id),
  name            text not null check (length(name) between 1 and 100),
  status          text not null default 'active' check (status in ('active', 'paused', 'archived')),
  kind            text not null check (kind in ('sip', 'softphone', 'pstn')),
  uri             text not null check (length(uri) between 5 and 512),
  max_concurrent  integer not null default 0 check (max_concurrent >= 0),
  ring_timeout_ms integer check (ring_timeout_ms between 1000 and 120000),
  version         integer not null default 1,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now()
);

create table bids (
  id          text primary key,
  campaign_id text not null references campaigns (id),
  buyer_id    text not null references buyers (id),
  target_id   text not null references targets (id),
  status      text not null default 'active' check (status in ('active', 'paused', 'archived')),
  plan        jsonb not null,
  price       bigint not null check (price > 0),
  priority    integer not null default 1 check (priority between 1 and 1000),
  weight      integer not null default 1 check (weight between 1 and 1000),
  targeting   jsonb not null default '{}',
  caps        jsonb not null default '{}',
  expires_at  bigint,
  version     integer not null default 1,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create index bids_by_campaign on bids (campaign_id);
create index bids_by_buyer on bids (buyer_id);

create table dnc_entries (
  id         text primary key,
  number     text not null check (number ~ '^\+[1-9][0-9]{6,14}$'),
  source     text not null check (source in ('internal', 'national', 'state', 'litigator')),
  expires_at bigint,
  version    integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (number, source),
  -- The market removes an entry by its number and list, so that is what it must be called.
  constraint dnc_entries_named check (id = number || '/' || source)
);

-- Every change is told to the nodes; they read the row again by its id.
create function tell_market_change() returns trigger language plpgsql as $$
declare
  row_id text := case when tg_op = 'DELETE' then old.id else new.id end;
begin
  if tg_op = 'UPDATE' then
    new.updated_at := now();
  end if;
  perform pg_notify('market_changed', json_build_object('entity', tg_argv[0], 'id', row_id, 'op', lower(tg_op))::text);
  return case when tg_op = 'DELETE' then old else new end;
end $$;

create trigger accounts_changed    before insert or update or delete on accounts    for each row execute function tell_market_change('account');
create trigger trunks_changed      before insert or update or delete on trunks      for each row execute function tell_market_change('trunk');
create trigger campaigns_changed   before insert or update or delete on campaigns   for each row execute function tell_market_change('campaign');
create trigger did_numbers_changed before insert or update or delete on did_numbers for each row execute function tell_market_change('number');
create trigger buyers_changed      before insert or update or delete on buyers      for each row execute function tell_market_change('buyer');
create trigger targets_changed     before insert or update or delete on targets     for each row execute function tell_market_change('target');
create trigger bids_changed        before insert or update or delete on bids        for each row execute function tell_market_change('bid');
create trigger dnc_entries_changed before insert or update or delete on dnc_entries for each row execute function tell_market_change('dnc');
