-- Who did what, or was refused it: entries that nobody changes or removes, and blocks of them that hold the hash
-- of the block before. Entries are written in the transaction of what they tell of; blocks are made of them a
-- little later, so that who writes waits for nobody.

create table audit_entries (
  id           bigint generated always as identity primary key,
  at           timestamptz not null default now(),
  -- A key, a user, a client of OAuth 2, an agent, somebody at a terminal, or the exchange itself.
  actor_kind   text not null check (actor_kind in ('key', 'user', 'client', 'agent', 'cli', 'system', 'nobody')),
  actor_id     text not null check (length(actor_id) <= 200),
  account_id   text check (length(account_id) <= 200),
  role         text check (length(role) <= 40),
  session_id   text check (length(session_id) <= 200),
  -- The operation, as the API document names it, or the command.
  action       text not null check (length(action) between 1 and 100),
  subject_kind text check (length(subject_kind) <= 100),
  subject_id   text check (length(subject_id) <= 300),
  -- As HTTP has it; of a command 200.
  status       smallint not null check (status between 100 and 599),
  request_id   text check (length(request_id) <= 64),
  address      text check (length(address) <= 64),
  -- By field: before, after. The text is what was written, which is what is hashed.
  changes      json,
  reason       text check (length(reason) <= 500)
);
create index audit_entries_by_time on audit_entries (at desc, id desc);
create index audit_entries_by_actor on audit_entries (actor_id, id desc);
create index audit_entries_by_subject on audit_entries (subject_id, id desc) where subject_id is not null;
create index audit_entries_by_action on audit_entries (action, id desc);

create trigger audit_entries_append_only before update or delete or truncate on audit_entries
  for each statement execute function refuse_change();

-- Entries that are in no block yet.
create table audit_unsealed (id bigint primary key) with (fillfactor = 70);
create function mark_unsealed() returns trigger language plpgsql security definer as $$
begin
  insert into audit_unsealed (id) select id from added;
  return null;
end $$;
create trigger audit_entries_unsealed after insert on audit_entries
  referencing new table as added for each statement execute function mark_unsealed();

create table audit_blocks (
  seq       bigint primary key check (seq > 0),
  -- In rising order.
  entry_ids bigint[] not null check (cardinality(entry_ids) > 0),
  sealed_at timestamptz not null default now(),
  prev_hash bytea not null check (length(prev_hash) = 32),
  hash      bytea not null check (length(hash) = 32)
);
create trigger audit_blocks_append_only before update or delete or truncate on audit_blocks
  for each statement execute function refuse_change();

-- What is hashed of an entry: a JSON array.
create function audit_line(e audit_entries) returns text language sql stable as $$
  select json_build_array(e.id, (extract(epoch from e.at) * 1000000)::bigint, e.actor_kind, e.actor_id, e.account_id,
    e.role, e.session_id, e.action, e.subject_kind, e.subject_id, e.status, e.request_id, e.address,
    e.changes::text, e.reason)::text
$$;

-- Makes a block of what waits: SHA-256 of the hash before, the place of the block, and the lines of its entries.
-- One at a time; who comes while another does returns 0 at once. Entries that are not committed yet are not seen,
-- and come into a later block.
create function seal_audit(most integer) returns integer language plpgsql as $$
declare
  ids bigint[];
  last audit_blocks;
  lines text;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('dce.audit.seal:' || current_schema(), 0)) then
    return 0;
  end if;
  with taken as (
    delete from audit_unsealed where id in (select id from audit_unsealed order by id limit most) returning id)
  select array_agg(id order by id) into ids from taken;
  if ids is null then
    return 0;
  end if;
  select * into last from audit_blocks order by seq desc limit 1;
  select string_agg(audit_line(e), E'\n' order by e.id) into lines from audit_entries e where e.id = any(ids);
  insert into audit_blocks (seq, entry_ids, prev_hash, hash)
  select place, ids, before,
    sha256(before || convert_to(json_build_array(place)::text || E'\n' || lines, 'UTF8'))
  from (select coalesce(last.seq, 0) + 1 as place,
    coalesce(last.hash, decode(repeat('00', 32), 'hex')) as before) b;
  return cardinality(ids);
end $$;

-- Tenants add what they did, as themselves, and read nothing: the exchange does that for them.
alter table audit_entries enable row level security;
create policy of_the_exchange on audit_entries
  using (current_user <> 'dce_tenant') with check (current_user <> 'dce_tenant');
create policy added_by_tenants on audit_entries for insert to dce_tenant
  with check (account_id = nullif(current_setting('dce.account', true), ''));
grant insert on audit_entries to dce_tenant;
