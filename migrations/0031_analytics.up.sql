-- What calls came to, in a form that is quickly summed: a few numbers for each call, and sums by hour and day.

-- One row for a call (n = 0), and one more for each further buyer that was rung and for each further currency
-- of its money: those count no call again. Everything is worked out anew from the call and its books whenever
-- one of them changes, and the difference goes into the sums.
create table call_facts (
  call_id         text not null,
  n               smallint not null check (n >= 0),
  -- UTC epoch milliseconds of the INVITE: the time that everything of the call is counted at.
  received_at     bigint not null,
  campaign_id     text,
  seller_id       text,
  trunk_id        text not null,
  carrier_account text,
  -- Who took the call, else the first who was rung; of further rows the further buyer.
  buyer_id        text,
  buyer_account   text,
  -- Of the caller, as bids target it: it stays when the caller's number is forgotten.
  state           text,
  -- Of the money; of a call without any, its campaign's; null where that is not known either.
  currency        text,
  calls           smallint not null,
  connected       smallint not null,
  -- The same two from the view of the buyer: it was offered the call, and was reached.
  offered         smallint not null,
  reached         smallint not null,
  answered        smallint not null,
  converted       smallint not null,
  rang            smallint not null,
  pdd_ms          bigint not null,
  connected_ms    bigint not null,
  revenue         bigint not null,
  payout          bigint not null,
  fees            bigint not null,
  taxes           bigint not null,
  carrier_cost    bigint not null,
  -- How much of the call's books has been seen.
  settled         boolean not null,
  revisions       integer not null,
  primary key (call_id, n)
) with (fillfactor = 85);
create index call_facts_by_time on call_facts using brin (received_at) with (pages_per_range = 32, autosummarize = on);
create index call_facts_by_campaign on call_facts (campaign_id, received_at) where campaign_id is not null;
create index call_facts_by_seller on call_facts (seller_id, received_at) where seller_id is not null;
create index call_facts_by_buyer on call_facts (buyer_id, received_at) where buyer_id is not null;

-- Sums of facts by hour and day of UTC. Of a buyer, `calls` are those it was offered and `connected` those
-- that reached it.
create table analytics_sums (
  cube         text collate "C" not null check (cube in ('total', 'campaign', 'buyer', 'seller', 'trunk', 'state')),
  -- Minutes.
  grain        smallint not null check (grain in (60, 1440)),
  -- UTC epoch milliseconds.
  start_at     bigint not null,
  -- Of the campaign, buyer …; empty where it is not known.
  key          text collate "C" not null,
  -- Whose figures these are: of the buyer, the seller, the trunk's carrier; empty where of the exchange alone.
  account_id   text collate "C" not null,
  -- Empty where it is not known, which is where no money is.
  currency     text collate "C" not null,
  calls        bigint not null,
  connected    bigint not null,
  answered     bigint not null,
  converted    bigint not null,
  rang         bigint not null,
  pdd_ms       bigint not null,
  connected_ms bigint not null,
  revenue      bigint not null,
  payout       bigint not null,
  fees         bigint not null,
  taxes        bigint not null,
  carrier_cost bigint not null,
  primary key (cube, grain, start_at, key, account_id, currency)
) with (fillfactor = 80);
create index analytics_sums_by_key on analytics_sums (cube, key, grain, start_at) where cube <> 'total';

-- How far facts have been made: of the events of the outbox, and back through the calls of before.
create table analytics_progress (
  only_row    boolean primary key default true check (only_row),
  -- Every event up to it has been heeded.
  position    bigint not null default 0,
  -- Calls before this one, in the order of time, have no facts yet; null once all have.
  backfill_at bigint default 9000000000000000,
  backfill_id text default ''
);
insert into analytics_progress default values;

-- Parties see what is counted for them; which figures of it, the API says.
call open_to_tenants('call_facts', $$
  buyer_account = (select dce_account()) or seller_id = (select dce_account())
  or carrier_account = (select dce_account())$$);
grant select on call_facts to dce_tenant;
call open_to_tenants('analytics_sums', $$account_id = (select dce_account())$$);
grant select on analytics_sums to dce_tenant;
