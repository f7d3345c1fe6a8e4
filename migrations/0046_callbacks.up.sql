-- Who wants to be called back: what plans of calls noted. They are the exchange's own, which calls.

create table callbacks (
  id           text primary key check (id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
  -- Calls are written apart: before or after.
  call_id      text not null check (length(call_id) <= 64),
  campaign_id  text,
  -- Whose number was called.
  seller_id    text,
  number       text not null check (number ~ '^\+[1-9][0-9]{6,14}$'),
  -- The number that they called from; else one that they keyed in, which may be anybody's.
  own_number   boolean not null,
  state        text not null default 'open' check (state in ('open', 'taken', 'done', 'expired', 'refused')),
  -- Like all instants of calls, UTC epoch milliseconds.
  requested_at bigint not null,
  not_after    bigint not null,
  taken_by     text check (length(taken_by) <= 200),
  taken_at     bigint,
  ended_at     bigint,
  note         text check (length(note) <= 500),
  version      integer not null default 1,
  check ((state in ('open', 'taken')) = (ended_at is null)),
  check (state <> 'taken' or (taken_by is not null and taken_at is not null))
);

-- Who asks again before being called asks for the same.
create unique index callbacks_waiting on callbacks (number, coalesce(campaign_id, '')) where ended_at is null;
create index callbacks_by_time on callbacks (requested_at desc, id desc);
create index callbacks_by_state on callbacks (state, requested_at desc, id desc);
create index callbacks_by_call on callbacks (call_id);
create index callbacks_due on callbacks (not_after) where ended_at is null;
create index callbacks_ended on callbacks (ended_at) where ended_at is not null;
