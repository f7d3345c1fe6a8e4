-- The role stays: other databases of the cluster may use it.
create or replace view rtb_bid_log with (security_barrier = false) as
  select b.id, b.at, b.seller_id, b.campaign_id, b.number, b.caller_hash, b.npa, b.state, b.code, b.reason,
    b.price, b.currency, b.latency_ms, b.reservation_id, b.node_id,
    r.state as reservation_state, r.expires_at, r.call_id,
    c.state as call_state, c.end_reason, c.answered_at, c.connected_ms, s.payout
  from rtb_bid_requests b
  left join rtb_reservations r on r.id = b.reservation_id
  left join calls c on c.id = r.call_id
  left join settlements s on s.call_id = r.call_id;
alter view rtb_bid_log reset (security_barrier);
alter view wallet_funds reset (security_invoker);
alter function keep_market_history() security invoker reset search_path;

do $$
declare
  policy record;
  opened text;
begin
  for policy in select schemaname, tablename, policyname from pg_policies
    where schemaname = current_schema() and (policyname = 'of_the_exchange' or policyname like '%_by_tenants') loop
    opened := format('%I.%I', policy.schemaname, policy.tablename);
    execute format('drop policy %I on %s', policy.policyname, opened);
    execute format('alter table %s disable row level security', opened);
  end loop;
  execute format('revoke all on all tables in schema %I from dce_tenant', current_schema());
  execute format('revoke usage on schema %I from dce_tenant', current_schema());
end $$;

drop function shows_caller(text);
drop function campaigns_taken_part_in();
drop procedure open_to_tenants(regclass, text);
drop function dce_account();
alter table calls drop column seller_id, drop column buyer_account_id;
drop index calls_by_trunk;
