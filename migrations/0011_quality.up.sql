-- What became of calls: records of bids for the market, targets that do not answer, what caps were used.

-- How far a job has read the events of calls that ended, by the outbox's numbers.
create table roll_ups (
  name     text primary key,
  position bigint not null default 0
);
insert into roll_ups (name) values ('quality'), ('discipline'), ('cap_usage'), ('fraud');

-- Running sums of each bid, halved every seven days, as of an instant.
create table bid_sums (
  bid_id       text primary key references bids (id) on delete cascade,
  -- UTC epoch milliseconds.
  as_of        bigint not null,
  rings        double precision not null,
  answers      double precision not null,
  conversions  double precision not null,
  connected_ms double precision not null,
  revenue      double precision not null
);

-- Those sums as the market knows them: written when they have moved enough to matter.
create table bid_qualities (
  id           text primary key references bids (id) on delete cascade,
  rings        double precision not null check (rings >= 0),
  answers      double precision not null check (answers >= 0),
  conversions  double precision not null check (conversions >= 0),
  connected_ms bigint not null check (connected_ms >= 0),
  -- Micro-units.
  revenue      bigint not null check (revenue >= 0),
  version      integer not null default 1,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);
create trigger bid_qualities_changed before insert or update or delete on bid_qualities
  for each row execute function tell_market_change('quality');
call keep_history_of('bid_qualities', 'quality');

-- What discipline remembers of a target.
create table target_discipline (
  target_id text primary key references targets (id) on delete cascade,
  -- Instants of rings that were not answered, UTC epoch milliseconds, oldest first.
  misses    bigint[] not null default '{}',
  -- It was paused and has not answered since: one more miss pauses it again.
  probation boolean not null default false,
  -- Rings before this instant mean nothing any more.
  since     bigint not null default 0
);

-- Why a target was paused, and until when.
create table target_pauses (
  id         bigint generated always as identity primary key,
  target_id  text not null references targets (id) on delete cascade,
  -- UTC epoch milliseconds.
  paused_at  bigint not null,
  until      bigint not null,
  reason     text not null,
  -- Who ended it before its time; null when it ran out, or still runs.
  lifted_by  text,
  lifted_at  bigint,
  constraint target_pauses_lifted_check check ((lifted_by is null) = (lifted_at is null))
);
create index target_pauses_by_target on target_pauses (target_id, id desc);
create index target_pauses_open on target_pauses (until) where lifted_by is null;

-- Units of caps that were used for good, by counter, from which a Redis that has forgotten is told anew.
create table cap_usage (
  key       text primary key,
  used      bigint not null,
  -- End of the period in UTC epoch milliseconds; 0 of totals.
  resets_at bigint not null
);
create index cap_usage_lapsing on cap_usage (resets_at) where resets_at > 0;
