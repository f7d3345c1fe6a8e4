-- Recordings of calls: what is known of them. Their audio lies sealed outside the database; the key of each lies
-- here, wrapped. Without the row nobody can hear it.

-- Null: nothing is recorded but what plans and people ask for, and the exchange's own people alone listen.
alter table campaigns add column recording jsonb;
-- Null: as the campaign says.
alter table buyers add column recording text check (recording = 'forbidden');
-- The past as well: columns that may be null are so there.
update market_history set value = value || '{"recording": null}'
  where value is not null and entity in ('campaign', 'buyer');
grant update (recording) on buyers to dce_tenant;

create table recordings (
  id               text primary key check (id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
  -- Calls are written apart from their recordings, before or after.
  call_id          text not null check (length(call_id) <= 64),
  kind             text not null check (kind in ('conversation', 'voicemail')),
  state            text not null default 'recording' check (state in ('recording', 'saved', 'failed', 'erased')),
  node_id          text not null,
  campaign_id      text,
  seller_id        text,
  buyer_id         text,
  buyer_account_id text,
  target_id        text,
  -- Like all instants of calls, UTC epoch milliseconds.
  started_at       bigint not null,
  keep_days        integer not null check (keep_days > 0),
  erase_after      bigint generated always as (started_at + keep_days * 86400000::bigint) stored,
  -- Whose consent was needed by which rule, where the parties may be, and when it was announced.
  consent          jsonb not null,
  encoding         text not null check (encoding in ('PCMU', 'PCMA')),
  duration_ms      bigint,
  paused_ms        bigint,
  lost_ms_caller   bigint,
  lost_ms_other    bigint,
  -- Octets of audio, and their SHA-256.
  bytes            bigint,
  sha256           bytea check (length(sha256) = 32),
  -- Why it is not all of the conversation, or why there is none.
  lost             text check (length(lost) <= 200),
  waveform         jsonb,
  -- The key of its audio, wrapped by the key of that name.
  key_id           text check (key_id ~ '^[0-9a-f]{16}$'),
  sealed_key       bytea check (length(sealed_key) = 40),
  -- Where the audio lies; of one on disk, on node_id.
  store            text check (store in ('disk', 's3')),
  object           text check (length(object) <= 200),
  -- Somebody needs it for a claim: nothing erases it.
  legal_hold       boolean not null default false,
  hold_reason      text check (length(hold_reason) <= 500),
  erased_at        bigint,
  erase_reason     text check (length(erase_reason) <= 500),
  -- What was erased is gone from its store, too.
  removed_at       bigint,
  version          integer not null default 1,
  check (legal_hold = (hold_reason is not null)),
  check (not (legal_hold and state = 'erased')),
  check ((state = 'erased') = (erased_at is not null)),
  check ((state = 'saved') = (sealed_key is not null)),
  check ((sealed_key is null) = (key_id is null)),
  check (state <> 'saved' or (bytes is not null and sha256 is not null and object is not null)),
  check (state <> 'erased' or (waveform is null and sha256 is null))
);

create index recordings_by_time on recordings (started_at desc, id desc);
create index recordings_by_call on recordings (call_id);
create index recordings_by_campaign on recordings (campaign_id, started_at desc, id desc);
create index recordings_by_buyer on recordings (buyer_account_id, started_at desc, id desc)
  where buyer_account_id is not null;
create index recordings_by_seller on recordings (seller_id, started_at desc, id desc) where seller_id is not null;
create index recordings_due on recordings (erase_after) where state = 'saved' and not legal_hold;
create index recordings_by_key on recordings (key_id, id) where key_id is not null;
-- Few at any time.
create index recordings_open on recordings (started_at) where state = 'recording';
create index recordings_to_remove on recordings (id)
  where state = 'erased' and object is not null and removed_at is null;
create index recordings_to_move on recordings (node_id, id) where state = 'saved' and store = 'disk';

-- Whether parties of that role hear what was recorded of the campaign's calls.
create function lets_listen(campaign text, role text) returns boolean language sql stable security definer as $$
  select coalesce((select (recording ->> (role || 'sListen'))::boolean from campaigns where id = campaign), false)
$$;
revoke execute on function lets_listen(text, text) from public;
grant execute on function lets_listen(text, text) to dce_tenant;
do $$
begin
  execute format('alter function lets_listen(text, text) set search_path = %I, pg_temp', current_schema());
end $$;

call open_to_tenants('recordings', $$
  (buyer_account_id = (select dce_account()) and lets_listen(campaign_id, 'buyer'))
  or (seller_id = (select dce_account()) and lets_listen(campaign_id, 'seller'))$$);
grant select (id, call_id, kind, state, campaign_id, seller_id, buyer_id, buyer_account_id, target_id, started_at, erase_after,
  duration_ms, paused_ms, lost_ms_caller, lost_ms_other, bytes, sha256, lost, waveform, encoding, legal_hold, erased_at,
  version) on recordings to dce_tenant;
