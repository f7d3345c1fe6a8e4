-- Books compared with what they are about: calls with settlements and ledger, and with the carriers' records.

-- How a carrier writes its records of a trunk's calls.
create table carrier_cdr_profiles (
  trunk_id   text primary key references trunks (id),
  profile    jsonb not null,
  version    integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Files of carriers, each imported whole, once.
create table carrier_cdr_files (
  id          bigint generated always as identity primary key,
  trunk_id    text not null references trunks (id),
  name        text not null check (length(name) between 1 and 255),
  sha256      bytea not null check (length(sha256) = 32),
  records     integer not null check (records > 0),
  -- Instants of the first and the last call in it; UTC epoch milliseconds.
  first_at    bigint not null,
  last_at     bigint not null,
  currency    text not null check (currency ~ '^[A-Z]{3}$'),
  cost        bigint,
  imported_by text,
  imported_at timestamptz not null default now(),
  unique (trunk_id, sha256)
);

create table carrier_cdrs (
  file_id     bigint not null references carrier_cdr_files (id) on delete cascade deferrable initially deferred,
  -- In the file, from 1.
  line        integer not null,
  call_ref    text,
  calling     text,
  called      text not null,
  started_at  bigint not null,
  duration_ms bigint not null check (duration_ms >= 0),
  cost        bigint check (cost >= 0),
  primary key (file_id, line)
);

create table reconciliations (
  id           bigint generated always as identity primary key,
  kind         text not null check (kind in ('calls', 'carrier')),
  trunk_id     text references trunks (id),
  from_at      timestamptz not null,
  to_at        timestamptz not null,
  state        text not null check (state in ('waiting', 'running', 'done', 'failed')),
  -- Null when it was asked for by the daily job.
  requested_by text,
  requested_at timestamptz not null default now(),
  started_at   timestamptz,
  finished_at  timestamptz,
  failure      text,
  totals       jsonb not null default '{}',
  differences  integer not null default 0,
  check (from_at < to_at),
  check ((state = 'waiting') = (started_at is null)),
  check ((kind = 'carrier') = (trunk_id is not null))
);
create index reconciliations_open on reconciliations (id) where state in ('waiting', 'running');
create unique index reconciliations_daily on reconciliations (kind, from_at, to_at) where requested_by is null;

create table reconciliation_differences (
  id                bigint generated always as identity primary key,
  reconciliation_id bigint not null references reconciliations (id) on delete cascade,
  kind              text not null,
  call_id           text,
  -- Of the carrier: the file and the line.
  file_id           bigint,
  line              integer,
  detail            text not null,
  expected          jsonb not null,
  found             jsonb not null,
  -- Money at stake, micro-units.
  amount            bigint not null check (amount >= 0),
  currency          text,
  state             text not null default 'open' check (state in ('open', 'explained')),
  note              text check (length(note) between 1 and 2000),
  explained_by      text,
  explained_at      timestamptz,
  check ((state = 'explained') = (note is not null and explained_at is not null))
);
create index reconciliation_differences_of on reconciliation_differences (reconciliation_id, id);
create index reconciliation_differences_open on reconciliation_differences (id) where state = 'open';
