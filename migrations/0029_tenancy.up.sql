-- The second wall between tenants. What is done for accounts other than the exchange's own runs as the role
-- dce_tenant, with the account in the setting dce.account: row-level security lets through what is that
-- account's, and what the role was not granted it cannot name. docs/tenancy.md tells the whole of it.

-- A role is of the whole cluster: other databases may have made it.
do $$
declare
  hint constant text := format('as a superuser: create role dce_tenant nologin; grant dce_tenant to %I', current_user);
begin
  if not exists (select from pg_roles where rolname = 'dce_tenant') then
    begin
      create role dce_tenant nologin;
    exception
      -- Somebody else made it at the same moment.
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise exception 'there is no role dce_tenant, and % may not create it', current_user using hint = hint;
    end;
  end if;
  begin
    set local role dce_tenant;
    set local role to default;
  exception when insufficient_privilege then
    begin
      execute format('grant dce_tenant to %I', current_user);
    exception when insufficient_privilege then
      raise exception '% may not become dce_tenant', current_user using hint = hint;
    end;
  end;
  execute format('grant usage on schema %I to dce_tenant', current_schema());
end $$;

-- Whose transaction this is; null: the exchange's.
create function dce_account() returns text language sql stable parallel safe
  as $$ select nullif(current_setting('dce.account', true), '') $$;

-- Who brought a call, and whose buyer took it: what parties see of calls goes by these.
alter table calls
  add column seller_id text,
  add column buyer_account_id text generated always as (sale #>> '{target,buyerAccountId}') stored;
update calls c set seller_id = coalesce(c.sale #>> '{terms,sellerId}',
  (select d.decision #>> '{trace,sellerId}' from call_decisions d where d.call_id = c.id));
create index calls_by_seller on calls (seller_id, received_at desc, id desc) where seller_id is not null;
create index calls_by_buyer_account on calls (buyer_account_id, received_at desc, id desc)
  where buyer_account_id is not null;
create index calls_by_trunk on calls (trunk_id, received_at desc, id desc);

-- Opens a table to tenants, row by row. Who is not dce_tenant sees it as before, also where that is not the
-- owner of the table: grants decide about them.
create procedure open_to_tenants(opened regclass, visible text) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', opened);
  execute format($policy$create policy of_the_exchange on %s
    using (current_user <> 'dce_tenant') with check (current_user <> 'dce_tenant')$policy$, opened);
  execute format('create policy seen_by_tenants on %s for select to dce_tenant using (%s)', opened, visible);
end $$;

-- Parties and the market. Policies see of other tables what the tenant sees of them.
call open_to_tenants('accounts', 'id = (select dce_account())');
grant select on accounts to dce_tenant;
call open_to_tenants('account_terms', 'account_id = (select dce_account())');
grant select on account_terms to dce_tenant;
call open_to_tenants('trunks', 'account_id = (select dce_account())');
grant select on trunks to dce_tenant;
call open_to_tenants('sellers', 'id = (select dce_account())');
grant select on sellers to dce_tenant;
call open_to_tenants('did_numbers', 'seller_id = (select dce_account())');
grant select on did_numbers to dce_tenant;
call open_to_tenants('buyers', 'account_id = (select dce_account())');
grant select, update (name, status, caps, settings, version) on buyers to dce_tenant;
-- What is archived comes back by the exchange alone, here and below.
create policy changed_by_tenants on buyers for update to dce_tenant
  using (account_id = (select dce_account()) and status <> 'archived')
  with check (account_id = (select dce_account()) and status <> 'archived');

call open_to_tenants('targets', 'buyer_id in (select id from buyers)');
grant select, insert, update (name, status, uri, caps, settings, skills, version) on targets to dce_tenant;
-- A telephone number costs the exchange what its carrier asks: such targets are made by the exchange.
create policy made_by_tenants on targets for insert to dce_tenant
  with check (buyer_id in (select id from buyers) and kind <> 'pstn' and trunk_id is null and cost_per_minute = 0);
create policy changed_by_tenants on targets for update to dce_tenant
  using (buyer_id in (select id from buyers) and status <> 'archived')
  with check (buyer_id in (select id from buyers));

call open_to_tenants('bids', 'buyer_id in (select id from buyers)');
grant select, insert, update (target_id, status, plan, conversions, price, targeting, caps, expires_at, modifiers,
  ping, version) on bids to dce_tenant;
create policy made_by_tenants on bids for insert to dce_tenant
  with check (buyer_id in (select id from buyers) and target_id in (select id from targets)
    and campaign_id in (select id from campaigns) and priority = 1 and weight = 1 and not fallback);
create policy changed_by_tenants on bids for update to dce_tenant
  using (buyer_id in (select id from buyers) and status <> 'archived')
  with check (buyer_id in (select id from buyers) and target_id in (select id from targets));

call open_to_tenants('agents', 'buyer_id in (select id from buyers)');
grant select, insert, update (name, status, skills, max_contacts, wrap_up_ms, signed_out_at, version) on agents to dce_tenant;
create policy made_by_tenants on agents for insert to dce_tenant with check (buyer_id in (select id from buyers));
create policy changed_by_tenants on agents for update to dce_tenant
  using (buyer_id in (select id from buyers)) with check (buyer_id in (select id from buyers));
call open_to_tenants('teams', 'buyer_id in (select id from buyers)');
grant select, insert, update (name, status, agent_ids, distribution, ring_ms, queue, version) on teams to dce_tenant;
create policy made_by_tenants on teams for insert to dce_tenant with check (buyer_id in (select id from buyers));
create policy changed_by_tenants on teams for update to dce_tenant
  using (buyer_id in (select id from buyers)) with check (buyer_id in (select id from buyers));

-- Campaigns that an account has a part in. A function, as policies of bids and campaigns may not name each other.
create function campaigns_taken_part_in() returns setof text language sql stable security definer as $$
  select b.campaign_id from bids b join buyers y on y.id = b.buyer_id where y.account_id = dce_account()
  union
  select campaign_id from did_numbers where seller_id = dce_account()
$$;
-- Those, and what is on offer to those who buy and sell. Not what the exchange earns of them, nor how it screens.
call open_to_tenants('campaigns', $$
  (status = 'active' and exists (select from accounts where type in ('buyer', 'seller')))
  or id in (select campaigns_taken_part_in())$$);
grant select (id, name, status, currency, auction_type, ring_timeout_ms, max_duration_ms, payout, conversions,
  short_call_ms, ringback, duplicates, skill_tag, version, created_at, updated_at) on campaigns to dce_tenant;

-- Calls: not what they were sold on, nor whom else they were offered to.
call open_to_tenants('calls', $$
  buyer_account_id = (select dce_account()) or seller_id = (select dce_account())
  or trunk_id in (select id from trunks)$$);
grant select (id, sip_call_id, state, end_reason, sip_status, trunk_id, caller, dialled, origin, campaign_id, buyer_id,
  target_id, agent_id, received_at, first_ring_at, answered_at, ended_at, connected_ms, transfers, seller_id,
  buyer_account_id) on calls to dce_tenant;

-- Whether a buyer may see who called, as the campaign's card has it. To be asked for calls the buyer took.
create function shows_caller(campaign text) returns boolean language sql stable security definer as $$
  select coalesce((select card ->> 'number' from campaigns where id = campaign), 'answered') <> 'never'
$$;
revoke execute on function shows_caller(text), campaigns_taken_part_in() from public;
grant execute on function shows_caller(text), campaigns_taken_part_in() to dce_tenant;

-- Changes of the market are kept by whoever makes them, in a table that tenants do not see. What runs with the
-- rights of its owner finds names where that one meant them.
do $$
declare
  path constant text := format('%I, pg_temp', current_schema());
begin
  execute format('alter function keep_market_history() security definer set search_path = %s', path);
  execute format('alter function shows_caller(text) set search_path = %s', path);
  execute format('alter function campaigns_taken_part_in() set search_path = %s', path);
end $$;

-- Money. The ledger's own accounts of a party, and what moved on them: never the other side of a posting.
call open_to_tenants('wallets', 'account_id = (select dce_account())');
grant select on wallets to dce_tenant;
call open_to_tenants('holds', 'account_id = (select dce_account())');
grant select (id, call_id, account_id, currency, amount, state, placed_at, closed_at) on holds to dce_tenant;
call open_to_tenants('wallet_top_ups', 'account_id = (select dce_account())');
grant select on wallet_top_ups to dce_tenant;
call open_to_tenants('ledger_accounts', 'account_id = (select dce_account())');
grant select on ledger_accounts to dce_tenant;
call open_to_tenants('ledger_entries', 'ledger_account_id in (select id from ledger_accounts)');
grant select on ledger_entries to dce_tenant;
call open_to_tenants('ledger_transactions',
  'exists (select from ledger_entries e where e.transaction_id = ledger_transactions.id)');
grant select on ledger_transactions to dce_tenant;
-- With the eyes of whoever reads it.
alter view wallet_funds set (security_invoker = true);
grant select on wallet_funds to dce_tenant;

call open_to_tenants('payments', 'account_id = (select dce_account())');
grant select, insert on payments to dce_tenant;
-- A charge that it asks for, of its own card.
create policy made_by_tenants on payments for insert to dce_tenant
  with check (account_id = (select dce_account()) and kind = 'charge' and cause = 'request' and state = 'created'
    and method_id in (select id from payment_methods));
call open_to_tenants('payment_methods', 'account_id = (select dce_account())');
grant select, update (brand, last4, exp_month, exp_year, status, version, updated_at) on payment_methods to dce_tenant;
create policy changed_by_tenants on payment_methods for update to dce_tenant
  using (account_id = (select dce_account())) with check (account_id = (select dce_account()));
call open_to_tenants('payout_terms', 'account_id = (select dce_account())');
grant select on payout_terms to dce_tenant;
call open_to_tenants('payout_items', 'account_id = (select dce_account())');
grant select on payout_items to dce_tenant;

call open_to_tenants('invoice_profiles', 'account_id = (select dce_account())');
grant select on invoice_profiles to dce_tenant;
call open_to_tenants('billing_documents', 'account_id = (select dce_account())');
grant select on billing_documents to dce_tenant;
call open_to_tenants('billing_document_chains', 'account_id = (select dce_account())');
grant select on billing_document_chains to dce_tenant;
call open_to_tenants('billing_document_transactions', 'account_id = (select dce_account())');
grant select on billing_document_transactions to dce_tenant;
call open_to_tenants('billing_document_files', 'document_id in (select id from billing_documents)');
grant select on billing_document_files to dce_tenant;

call open_to_tenants('disputes', 'account_id = (select dce_account())');
grant select on disputes to dce_tenant;
call open_to_tenants('dispute_events', 'dispute_id in (select id from disputes)');
grant select on dispute_events to dce_tenant;
-- What the exchange knew of the call tells what the other side pays or earns.
call open_to_tenants('dispute_evidence', $$dispute_id in (select id from disputes) and kind <> 'snapshot'$$);
grant select on dispute_evidence to dce_tenant;

-- What tells parties, and what they tell by.
call open_to_tenants('postback_tokens', 'account_id = (select dce_account())');
grant select, insert, update (revoked_at) on postback_tokens to dce_tenant;
create policy made_by_tenants on postback_tokens for insert to dce_tenant
  with check (account_id = (select dce_account()));
create policy changed_by_tenants on postback_tokens for update to dce_tenant
  using (account_id = (select dce_account())) with check (account_id = (select dce_account()));
call open_to_tenants('postbacks', 'account_id = (select dce_account())');
grant select, insert, update on postbacks to dce_tenant;
create policy made_by_tenants on postbacks for insert to dce_tenant
  with check (account_id = (select dce_account()));
create policy changed_by_tenants on postbacks for update to dce_tenant
  using (account_id = (select dce_account())) with check (account_id = (select dce_account()));
call open_to_tenants('postback_queues', 'postback_id in (select id from postbacks)');
grant select, insert (postback_id) on postback_queues to dce_tenant;
create policy made_by_tenants on postback_queues for insert to dce_tenant
  with check (postback_id in (select id from postbacks));
call open_to_tenants('postback_deliveries', 'postback_id in (select id from postbacks)');
grant select, update (state, done_at, last_error) on postback_deliveries to dce_tenant;
create policy changed_by_tenants on postback_deliveries for update to dce_tenant
  using (postback_id in (select id from postbacks)) with check (postback_id in (select id from postbacks));

-- What a seller asked and what came of it, its own payout among it: a wall in the view itself.
create or replace view rtb_bid_log with (security_barrier = true) as
  select b.id, b.at, b.seller_id, b.campaign_id, b.number, b.caller_hash, b.npa, b.state, b.code, b.reason,
    b.price, b.currency, b.latency_ms, b.reservation_id, b.node_id,
    r.state as reservation_state, r.expires_at, r.call_id,
    c.state as call_state, c.end_reason, c.answered_at, c.connected_ms, s.payout
  from rtb_bid_requests b
  left join rtb_reservations r on r.id = b.reservation_id
  left join calls c on c.id = r.call_id
  left join settlements s on s.call_id = r.call_id
  where (select dce_account()) is null or b.seller_id = (select dce_account());
grant select on rtb_bid_log to dce_tenant;

-- Carriers: what they are paid, and their records beside ours.
call open_to_tenants('rate_decks', 'account_id = (select dce_account())');
grant select on rate_decks to dce_tenant;
call open_to_tenants('carrier_rates', 'deck_id in (select id from rate_decks)');
grant select on carrier_rates to dce_tenant;
call open_to_tenants('carrier_cdr_profiles', 'trunk_id in (select id from trunks)');
grant select on carrier_cdr_profiles to dce_tenant;
call open_to_tenants('carrier_cdr_files', 'trunk_id in (select id from trunks)');
grant select on carrier_cdr_files to dce_tenant;
call open_to_tenants('reconciliations', $$kind = 'carrier' and trunk_id in (select id from trunks)$$);
grant select on reconciliations to dce_tenant;
