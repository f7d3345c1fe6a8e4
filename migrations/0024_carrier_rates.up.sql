-- What carriers are paid for each leg of a call: decks of rates by prefix, one for a trunk and a direction,
-- each in force from an instant on until the next one. A deck is imported whole and never changed.
create table rate_decks (
  id             bigint generated always as identity primary key,
  trunk_id       text not null references trunks (id),
  direction      text not null check (direction in ('inbound', 'outbound')),
  -- The carrier, as the trunk belonged to when the deck came.
  account_id     text not null references accounts (id),
  name           text not null check (length(name) between 1 and 100),
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  -- UTC epoch milliseconds. Of two from the same instant the later row holds.
  effective_from bigint not null check (effective_from >= 0),
  rates          integer not null check (rates > 0),
  -- Of the file as it came.
  bytes          bigint not null check (bytes > 0),
  sha256         bytea not null check (octet_length(sha256) = 32),
  -- Id of the API key that imported it; null from the command line.
  created_by     text,
  created_at     timestamptz(3) not null default now()
);
create index rate_decks_in_force on rate_decks (trunk_id, direction, effective_from desc, id desc);
create trigger rate_decks_append_only before update or delete or truncate on rate_decks
  for each statement execute function refuse_change();

create table carrier_rates (
  deck_id            bigint not null references rate_decks (id),
  -- What numbers begin with, without the plus; in the order of bytes, so that lists follow it.
  prefix             text collate "C" not null check (prefix ~ '^[1-9][0-9]{0,14}$'),
  -- Micro-units.
  rate_per_minute    bigint not null check (rate_per_minute between 0 and 1000000000000),
  connect_fee        bigint not null check (connect_fee between 0 and 1000000000000),
  first_increment_ms integer not null check (first_increment_ms between 1 and 3600000),
  next_increment_ms  integer not null check (next_increment_ms between 1 and 3600000),
  -- Where that is, for people.
  destination        text check (length(destination) between 1 and 100),
  primary key (deck_id, prefix)
);
create trigger carrier_rates_append_only before update or delete or truncate on carrier_rates
  for each statement execute function refuse_change();

-- The rate of each leg (`legs`: its place in the batch, trunk, direction, number without the plus, instant):
-- the longest prefix of the deck in force. Legs that nobody is paid for are left out. Plans made while the
-- tables are small are kept: they must not be for small tables.
create function carrier_rates_of(
  places integer[], trunk_ids text[], directions text[], numbers text[], instants bigint[]
) returns table (
  place integer, account_id text, trunk_id text, direction text, currency text, prefix text,
  rate_per_minute bigint, connect_fee bigint, first_increment_ms integer, next_increment_ms integer
) language sql stable set enable_seqscan = off as $$
  select l.place, d.account_id, d.trunk_id, d.direction, d.currency, r.prefix,
    r.rate_per_minute, r.connect_fee, r.first_increment_ms, r.next_increment_ms
  from unnest(places, trunk_ids, directions, numbers, instants) as l (place, trunk_id, direction, number, at)
  cross join lateral (
    select deck.* from rate_decks deck
    where deck.trunk_id = l.trunk_id and deck.direction = l.direction and deck.effective_from <= l.at
    order by deck.effective_from desc, deck.id desc limit 1
  ) d
  cross join lateral (
    select rate.* from carrier_rates rate
    where rate.deck_id = d.id
      and rate.prefix = any (array(select left(l.number, n) from generate_series(1, length(l.number)) n))
    order by length(rate.prefix) desc limit 1
  ) r
$$;
