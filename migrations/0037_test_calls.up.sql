-- Test calls: this exchange rings a target by itself, so that its buyer sees whether it answers. They are no
-- calls: nothing here is sold, billed, counted or learned from.
create table test_calls (
  id               text primary key check (length(id) <= 64),
  -- Whose target it rings; null of one that goes the way of a number, which is the exchange's alone.
  account_id       text references accounts (id),
  target_id        text references targets (id),
  number           text,
  state            text not null default 'queued'
    check (state in ('queued', 'calling', 'ringing', 'answered', 'ended')),
  outcome          text check (length(outcome) <= 32),
  sip_status       integer not null default 0,
  detail           text not null default '' check (length(detail) <= 500),
  -- The node that rings; it says so over and over while the test call is up, and after due_at it is gone.
  node_id          text not null,
  due_at           timestamptz not null,
  -- Somebody wants it to end, on whichever node.
  hang_up          boolean not null default false,
  -- Like all instants of calls, UTC epoch milliseconds.
  created_at       bigint not null default floor(extract(epoch from now()) * 1000),
  called_at        bigint,
  ringing_at       bigint,
  answered_at      bigint,
  ended_at         bigint,
  -- Whom it rang, one after the other, and what came of it.
  attempts         jsonb not null default '[]',
  -- What the media engine counted of whoever answered.
  audio            jsonb,
  -- The SIP messages, as of calls.
  ladder           jsonb not null default '[]',
  check ((target_id is null) <> (number is null)),
  check ((account_id is null) = (target_id is null)),
  check ((state = 'ended') = (outcome is not null))
);

create index test_calls_by_time on test_calls (created_at desc, id desc);
create index test_calls_by_account on test_calls (account_id, created_at desc, id desc);
create index test_calls_by_target on test_calls (target_id, created_at desc, id desc) where target_id is not null;
-- Those that are up are few, and are counted before each new one.
create index test_calls_up on test_calls (account_id) where state <> 'ended';

-- A buyer sees those that rang its targets, whoever asked for them.
call open_to_tenants('test_calls', 'account_id = (select dce_account())');
grant select (id, account_id, target_id, number, state, outcome, sip_status, detail, due_at, created_at, called_at, ringing_at,
  answered_at, ended_at, attempts, audio, ladder) on test_calls to dce_tenant;
