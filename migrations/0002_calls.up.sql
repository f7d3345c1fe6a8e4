-- Calls, the decisions about them, and what is to be done because of them.

create table nodes (
  id           text primary key,
  -- Changes with every start: calls of an earlier boot have nobody left.
  boot_id      text not null,
  heartbeat_at timestamptz not null default now()
);

create table calls (
  id            text primary key,
  node_id       text not null,
  boot_id       text not null,
  sip_call_id   text not null,
  state         text not null check (state in ('deciding', 'ringing', 'answered', 'completed', 'rejected', 'canceled', 'failed')),
  end_reason    text,
  sip_status    integer,
  detail        text,
  trunk_id      text not null,
  caller        text,
  dialled       text not null,
  origin        text not null,
  campaign_id   text,
  buyer_id      text,
  target_id     text,
  received_at   bigint not null,
  first_ring_at bigint,
  answered_at   bigint,
  ended_at      bigint,
  -- Milliseconds of conversation: the last checkpoint while the call is up, the truth once it ended.
  connected_ms  bigint not null default 0 check (connected_ms >= 0),
  checkpoint_at timestamptz,
  attempts      jsonb not null default '[]',
  sale          jsonb,
  media         jsonb
);
create index calls_by_time on calls (received_at desc, id desc);
create index calls_by_state on calls (state, received_at desc, id desc);
create index calls_by_campaign on calls (campaign_id, received_at desc);
create index calls_by_buyer on calls (buyer_id, received_at desc);
create index calls_open on calls (node_id, boot_id) where state in ('deciding', 'ringing', 'answered');

create table call_decisions (
  call_id      text primary key references calls (id) on delete cascade,
  decision     jsonb not null,
  microseconds integer not null
);

-- A call that was closed for its node, whose node came back with another end: kept for reconciliation.
create table call_late_ends (
  call_id    text primary key references calls (id) on delete cascade,
  record     jsonb not null,
  arrived_at timestamptz not null default now()
);

-- Events that must not be lost: written with what makes them true, sent on afterwards.
create table outbox (
  id            bigint generated always as identity primary key,
  type          text not null,
  subject       text not null,
  payload       jsonb not null,
  created_at    timestamptz not null default now(),
  dispatched_at timestamptz,
  -- Nothing is left to be done because of it; for call.ended: settled, or nothing was sold.
  done_at       timestamptz,
  -- No retry helped: it is for people, and is not sent on again until they say so.
  dead_at       timestamptz,
  dead_reason   text,
  unique (type, subject),
  constraint outbox_dead_explained check ((dead_at is null) = (dead_reason is null)),
  constraint outbox_dead_is_open check (dead_at is null or done_at is null)
);
create index outbox_waiting on outbox (id) where dispatched_at is null and type = 'call.ended';
create index outbox_open on outbox (dispatched_at)
  where done_at is null and dead_at is null and type = 'call.ended';
create index outbox_dead on outbox (dead_at, id) where dead_at is not null;
create index outbox_done on outbox (done_at) where done_at is not null;
