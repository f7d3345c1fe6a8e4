-- Imported lists of numbers (national and state registries, litigators, reassigned numbers): each is
-- replaced whole by a new version. A version's row stays for good, as the record of when which file of
-- the registry was taken in (16 CFR 310.4(b)(3)(iv)); its numbers go when two newer ones are there.
create table number_list_versions (
  id          bigint generated always as identity primary key,
  list        text not null check (list ~ '^(internal|national|litigator|reassigned|state:[A-Z]{2})$'),
  version     text not null check (length(version) between 1 and 100),
  status      text not null check (status in ('loading', 'current', 'previous', 'retired', 'failed')),
  kind        text not null check (kind in ('full', 'changes')),
  -- The version that changes were applied to.
  base_id     bigint references number_list_versions (id),
  -- UTC epoch milliseconds at which the source was as it says.
  as_of       bigint not null,
  entries     bigint not null default 0 check (entries >= 0),
  bytes       bigint not null default 0 check (bytes >= 0),
  -- [{name, bytes, sha256}]
  sources     jsonb not null default '[]',
  -- What was read: lines, duplicates, bad lines; why it failed.
  report      jsonb not null default '{}',
  started_at  timestamptz not null default now(),
  loaded_at   timestamptz,
  unique (list, version)
);
create unique index number_list_versions_current  on number_list_versions (list) where status = 'current';
create unique index number_list_versions_previous on number_list_versions (list) where status = 'previous';

-- The numbers of a version, one row for each area code (0: outside the North American plan), packed as
-- they are looked up in memory.
create table number_list_segments (
  version_id bigint not null references number_list_versions (id) on delete cascade,
  area       smallint not null check (area = 0 or area between 200 and 999),
  entries    integer not null check (entries > 0),
  sha256     bytea not null check (length(sha256) = 32),
  data       bytea not null,
  primary key (version_id, area)
);
-- They are packed already: compressing them again would only take time.
alter table number_list_segments alter column data set storage external;
