-- What a call was last known to be, truths that came too late, and which sold calls still wait for their money.

alter table calls add column checkpoint_at timestamptz;
create index calls_by_state on calls (state, received_at desc, id desc);

-- A call that was closed for its node, whose node came back with another end: kept for reconciliation.
create table call_late_ends (
  call_id    text primary key references calls (id) on delete cascade,
  record     jsonb not null,
  arrived_at timestamptz not null default now()
);

-- A row is done when nothing is left to be done because of it; for call.ended: settled, or nothing was sold.
alter table outbox add column done_at timestamptz;
update outbox o set done_at = now()
where o.type = 'call.ended'
  and (not (o.payload ->> 'sold')::boolean or exists (select 1 from settlements s where s.call_id = o.subject));
drop index outbox_waiting;
create index outbox_waiting on outbox (id) where dispatched_at is null and type = 'call.ended';
create index outbox_open on outbox (dispatched_at) where done_at is null and type = 'call.ended';
create index outbox_by_age on outbox using brin (created_at);

-- The market removes an entry of a list by its number and list, so that is what it must be called.
alter table dnc_entries add constraint dnc_entries_named check (id = number || '/' || source);
