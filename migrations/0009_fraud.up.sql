-- What calls taught of fraud: cases for people, priors and models for the market.

-- A call that people should look at. It goes with the call.
create table fraud_cases (
  call_id     text primary key references calls (id) on delete cascade,
  state       text not null default 'open' check (state in ('open', 'confirmed', 'cleared')),
  score       double precision not null check (score between 0 and 1),
  level       text not null check (level in ('flag', 'challenge', 'block')),
  reasons     text[] not null default '{}',
  model       text not null,
  caller      text,
  dialled     text not null,
  trunk_id    text not null,
  -- Null when the dialled number was nobody's.
  seller_id   text,
  campaign_id text,
  -- UTC epoch milliseconds.
  received_at bigint not null,
  opened_at   timestamptz not null default now(),
  resolved_by text,
  resolved_at timestamptz,
  note        text check (length(note) <= 2000),
  version     integer not null default 1,
  constraint fraud_cases_resolved check ((state = 'open') = (resolved_at is null) and (resolved_by is null) = (resolved_at is null))
);
create index fraud_cases_by_time on fraud_cases (opened_at desc, call_id desc);
create index fraud_cases_open on fraud_cases (score desc, call_id) where state = 'open';

-- Running sums of each source of calls, halved every thirty days, as of an instant.
create table fraud_sums (
  -- all, seller:<id>, number:<did>, trunk:<id>, prefix:<NPA-NXX-X, seven digits>
  id          text primary key,
  -- UTC epoch milliseconds.
  as_of       bigint not null,
  calls       double precision not null,
  bad         double precision not null,
  short_calls double precision not null,
  answered    double precision not null
);
create index fraud_sums_prefixes on fraud_sums (bad) where id like 'prefix:%';

-- Those sums as the market knows them: written when they have moved enough to matter.
create table fraud_priors (
  id          text primary key check (id = 'all' or id ~ '^(seller|number|trunk|prefix):.'),
  calls       double precision not null default 0 check (calls >= 0),
  bad         double precision not null default 0 check (bad >= 0),
  short_calls double precision not null default 0 check (short_calls >= 0),
  answered    double precision not null default 0 check (answered >= 0),
  -- Cases that people have looked at.
  confirmed   integer not null default 0 check (confirmed >= 0),
  cleared     integer not null default 0 check (cleared >= 0),
  version     integer not null default 1,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create trigger fraud_priors_changed before insert or update or delete on fraud_priors
  for each row execute function tell_market_change('prior');
call keep_history_of('fraud_priors', 'prior');

create table fraud_models (
  id         text primary key,
  status     text not null default 'shadow' check (status in ('shadow', 'active', 'retired')),
  -- Coefficients or trees.
  model      jsonb not null,
  version    integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
-- One model decides.
create unique index fraud_models_active on fraud_models ((true)) where status = 'active';
create trigger fraud_models_changed before insert or update or delete on fraud_models
  for each row execute function tell_market_change('model');
call keep_history_of('fraud_models', 'model');
