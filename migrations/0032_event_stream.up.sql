-- Events of the exchange, told to everybody who watches: how far they were told.

-- Numbers of the outbox are given before they can be seen. By the transactions that wrote them, events can be
-- read as the market's history is: what one snapshot sees and the one before did not. Rows of before have none.
alter table outbox add column xid xid8;
alter table outbox alter column xid set default pg_current_xact_id();
create index outbox_by_xid on outbox (xid) where xid is not null;

create table event_positions (
  name     text primary key,
  -- Of this database: what a stream knows of another one is not believed.
  origin   uuid not null default gen_random_uuid(),
  -- Era and snapshots, as the relay writes them; null before it first ran: it begins with what is then.
  position jsonb
);
insert into event_positions (name) values ('stream');
