-- Every change of the market is kept, by the transaction that makes it, so that the market of any past
-- instant can be had again exactly. An instant is named by an era and a snapshot (`1/742:745:743`): what
-- the transactions did that the snapshot sees. Nodes follow the history the same way: from the snapshot
-- they have to the one that is now. NOTIFY only wakes them.

-- Numbers of transactions begin anew when a database is restored from a dump into another cluster; with
-- them an era begins, which sees everything of those before.
create table market_eras (
  era        integer primary key check (era > 0),
  started_at timestamptz not null default now(),
  -- What was pruned may be missed by snapshots that do not see every transaction of the era up to this one.
  horizon    xid8 not null default '0',
  -- Likewise, of what was erased because it named a person. Decisions hold what they knew of persons
  -- themselves: markets of before can still be had, without these rows.
  erased     xid8 not null default '0'
);
insert into market_eras (era) values (1);

create function current_market_era() returns integer language sql stable as 'select max(era) from market_eras';

-- Looks whether the history is of this cluster, and begins an era if it is not. To be called before the
-- market is first read or written.
create function open_market_era() returns integer language plpgsql as $$
declare
  latest integer := current_market_era();
begin
  -- What can be seen was written by a transaction that the snapshot knows, or elsewhere.
  if exists (select from market_history where era = latest and xid >= pg_snapshot_xmax(pg_current_snapshot())) then
    insert into market_eras (era) values (latest + 1) on conflict do nothing;
    return latest + 1;
  end if;
  return latest;
end $$;

create table market_history (
  -- Of one entity, the order of its changes: who changes a row waits for whoever changed it before.
  seq    bigint generated always as identity primary key,
  era    integer not null default current_market_era(),
  xid    xid8 not null default pg_current_xact_id(),
  at     timestamptz not null default now(),
  entity text not null,
  id     text not null,
  op     text not null check (op in ('insert', 'update', 'delete')),
  -- The row by its columns, without what storage adds to it; null when it is gone. A step that changes a
  -- column of a table changes it here as well. Holds telephone numbers of persons (entity dnc).
  value  jsonb,
  constraint market_history_value_check check ((value is null) = (op = 'delete'))
);
create index market_history_by_xid on market_history (era, xid);
create index market_history_by_id on market_history (entity, id, seq desc);

-- After the change: arguments are the kind of entity and the column of its id.
create function keep_market_history() returns trigger language plpgsql as $$
declare
  bookkeeping constant text[] := array['version', 'created_at', 'updated_at', tg_argv[1]];
  before jsonb := to_jsonb(old);
  after jsonb := to_jsonb(new);
  before_id text := before ->> tg_argv[1];
  after_id text := after ->> tg_argv[1];
begin
  if before_id is not null and before_id is distinct from after_id then
    insert into market_history (entity, id, op) values (tg_argv[0], before_id, 'delete');
  end if;
  if after_id is not null and (before is null or before - bookkeeping is distinct from after - bookkeeping
      or before_id <> after_id) then
    insert into market_history (entity, id, op, value)
      values (tg_argv[0], after_id, lower(tg_op), after - bookkeeping);
  end if;
  -- Once for each transaction, however many rows.
  perform pg_notify('market_changed', '');
  return null;
end $$;

-- Before a table is emptied, when nobody else can reach it.
create function keep_market_truncation() returns trigger language plpgsql as $$
begin
  execute format('insert into market_history (entity, id, op) select %L, %I, ''delete'' from %s',
    tg_argv[0], tg_argv[1], tg_relid::regclass);
  perform pg_notify('market_changed', '');
  return null;
end $$;

-- Puts a table under history, with what is in it.
create procedure keep_history_of(source regclass, entity text, id_column text default 'id') language plpgsql as $$
begin
  execute format('create trigger market_history_kept after insert or update or delete on %s
    for each row execute function keep_market_history(%L, %L)', source, entity, id_column);
  execute format('create trigger market_truncation_kept before truncate on %s
    for each statement execute function keep_market_truncation(%L, %L)', source, entity, id_column);
  execute format('insert into market_history (entity, id, op, value)
    select %L, %I, ''insert'', to_jsonb(t) - array[''version'', ''created_at'', ''updated_at'', %L] from %s as t',
    entity, id_column, id_column, source);
end $$;

call keep_history_of('accounts', 'account');
call keep_history_of('trunks', 'trunk');
call keep_history_of('sellers', 'seller');
call keep_history_of('did_numbers', 'number');
call keep_history_of('campaigns', 'campaign');
call keep_history_of('buyers', 'buyer');
call keep_history_of('targets', 'target');
call keep_history_of('bids', 'bid');
call keep_history_of('dnc_entries', 'dnc');
call keep_history_of('hours_overrides', 'override');

-- History tells of changes now; what is left here is when a row was last changed.
create or replace function tell_market_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    new.updated_at := now();
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
