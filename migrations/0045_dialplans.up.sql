-- Dialplans that people write over the API: every version is kept, one of them is live.

create table dialplans (
  id          text primary key check (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
  -- Whose numbers take it; null: the exchange's, for any number and campaign.
  account_id  text references accounts (id),
  -- As numbers and campaigns name it, and as it calls itself.
  name        text not null check (name ~ '^[a-z][a-z0-9_-]{0,39}$'),
  -- Number of its newest version.
  latest      integer not null default 1 check (latest between 1 and 1000),
  -- Number of the version that calls take; null: none was published.
  live        integer,
  archived_at timestamptz,
  version     integer not null default 1,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  constraint dialplans_archived_is_not_live check (archived_at is null or live is null)
);
create unique index dialplans_by_name on dialplans (coalesce(account_id, ''), name) where archived_at is null;
create index dialplans_live on dialplans (id) where live is not null;
create index dialplans_by_account on dialplans (account_id, id);
create index dialplans_by_created on dialplans (created_at, id);

create table dialplan_versions (
  dialplan_id  text not null references dialplans (id) on delete cascade,
  number       integer not null check (number >= 1),
  yaml         text not null check (octet_length(yaml) between 1 and 65536),
  -- What was wrong with it, and what was to be thought of, when it was written: line, column, path, reason, severity.
  problems     jsonb not null check (jsonb_typeof(problems) = 'array'),
  -- Who wrote it, as the audit log names people and keys.
  author       text not null check (length(author) between 1 and 200),
  created_at   timestamptz not null default now(),
  -- When it was last made live.
  published_at timestamptz,
  primary key (dialplan_id, number)
);
-- Deferred: a plan and its first version are made together.
alter table dialplans
  add constraint dialplans_latest_version foreign key (id, latest) references dialplan_versions (dialplan_id, number)
    deferrable initially deferred,
  add constraint dialplans_live_version foreign key (id, live) references dialplan_versions (dialplan_id, number)
    deferrable initially deferred;

-- Nodes hear of what calls take, and of nothing else.
create function tell_dialplan_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.live is not distinct from new.live then
    return null;
  end if;
  perform pg_notify('dialplans_changed', '');
  return null;
end $$;
create trigger dialplans_changed after insert or update or delete on dialplans
  for each row execute function tell_dialplan_change();

-- The plan of a number goes before that of its campaign; without any a call is sold at once. Names, as plans may
-- be files as well.
alter table did_numbers add column dialplan text check (dialplan ~ '^[a-z][a-z0-9_-]{0,39}$');
alter table campaigns add column dialplan text check (dialplan ~ '^[a-z][a-z0-9_-]{0,39}$');
-- The past as well: a column that may be null is so there.
update market_history set value = value || '{"dialplan": null}'
  where value is not null and entity in ('number', 'campaign');

call open_to_tenants('dialplans', 'account_id = (select dce_account())');
grant select, insert (id, account_id, name), update (latest, live, archived_at, version, updated_at)
  on dialplans to dce_tenant;
create policy made_by_tenants on dialplans for insert to dce_tenant
  with check (account_id = (select dce_account()) and exists (select from accounts where type = 'seller'));
create policy changed_by_tenants on dialplans for update to dce_tenant
  using (account_id = (select dce_account()) and archived_at is null)
  with check (account_id = (select dce_account()));

call open_to_tenants('dialplan_versions', 'dialplan_id in (select id from dialplans)');
grant select, insert (dialplan_id, number, yaml, problems, author), update (published_at)
  on dialplan_versions to dce_tenant;
create policy made_by_tenants on dialplan_versions for insert to dce_tenant
  with check (dialplan_id in (select id from dialplans where archived_at is null));
create policy changed_by_tenants on dialplan_versions for update to dce_tenant
  using (dialplan_id in (select id from dialplans)) with check (dialplan_id in (select id from dialplans));
