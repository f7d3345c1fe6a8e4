-- With their functions go the triggers.
drop function keep_market_history() cascade;
drop function keep_market_truncation() cascade;
drop procedure keep_history_of(regclass, text, text);
drop table market_history;
drop function open_market_era();
drop function current_market_era();
drop table market_eras;

create or replace function tell_market_change() returns trigger language plpgsql as $$
declare
  row_id text := case when tg_op = 'DELETE' then old.id else new.id end;
begin
  if tg_op = 'UPDATE' then
    new.updated_at := now();
  end if;
  perform pg_notify('market_changed', json_build_object('entity', tg_argv[0], 'id', row_id, 'op', lower(tg_op))::text);
  return case when tg_op = 'DELETE' then old else new end;
end $$;
