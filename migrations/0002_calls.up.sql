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
  attempts      jsonb not null default '[]',
  sale          jsonb,
  media         jsonb
);
create index calls_by_time on calls (received_at desc, id desc);
create index calls_by_campaign on calls (campaign_id, received_at desc);
create index calls_by_buyer on calls (buyer_id, received_at desc);
create index calls_open on calls (node_id, boot_id) where state in ('deciding', 'ringing', 'answered');

create table call_decisions (
  call_id      text primary key references calls (id) on delete cascade,
  decision     jsonb not null,
  microseconds integer not null
);

-- Events that must not be lost: written in the transaction that makes them true, sent on afterwards.
create table outbox (
  id            bigint generated always as identity primary key,
  type          text not null,
  subject       text not null,
  payload       jsonb not null,
  created_at    timestamptz not null default now(),
  dispatched_at timestamptz,
  unique (type, subject)
);
create index outbox_waiting on outbox (id) where dispatched_at is null;
