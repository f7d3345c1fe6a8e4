-- People of buyers who answer calls, the teams they answer in, and what they may know of a call.

create table agents (
  -- Part of SIP addresses and of digest user names.
  id           text primary key check (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
  buyer_id     text not null references buyers (id),
  name         text not null check (length(name) between 1 and 100),
  -- The user part of the address of record: one agent over all buyers.
  username     text not null unique check (username ~ '^[a-z0-9][a-z0-9._-]{1,63}$'),
  status       text not null default 'active' check (status in ('active', 'disabled')),
  skills       jsonb,
  max_contacts integer not null default 3 check (max_contacts between 1 and 10),
  wrap_up_ms   integer not null default 0 check (wrap_up_ms between 0 and 3600000),
  -- UTC epoch milliseconds: what was handed out to the agent's phones before is good no more.
  signed_out_at bigint check (signed_out_at > 0),
  version      integer not null default 1,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);
create index agents_by_buyer on agents (buyer_id);

create table teams (
  id           text primary key check (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
  buyer_id     text not null references buyers (id),
  name         text not null check (length(name) between 1 and 100),
  status       text not null default 'active' check (status in ('active', 'disabled')),
  agent_ids    text[] not null default '{}' check (cardinality(agent_ids) <= 500),
  distribution text not null check (distribution in ('simultaneous', 'longest_idle', 'round_robin')),
  ring_ms      integer not null check (ring_ms between 1000 and 120000),
  -- Null: nobody waits.
  queue        jsonb,
  version      integer not null default 1,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);
create index teams_by_buyer on teams (buyer_id);

-- What agents sign in with. It is no part of the market, and not in its history.
create table agent_secrets (
  agent_id      text primary key references agents (id) on delete cascade,
  -- argon2id, as a PHC string.
  password_hash text not null check (password_hash like '$argon2id$%'),
  -- For phones that register by themselves (RFC 3261 §22, RFC 8760): digests of user, realm and password.
  realm         text not null check (length(realm) between 1 and 253),
  ha1_md5       text not null check (ha1_md5 ~ '^[0-9a-f]{32}$'),
  ha1_sha256    text not null check (ha1_sha256 ~ '^[0-9a-f]{64}$'),
  changed_at    timestamptz(3) not null default now()
);

-- Null: the caller's state, and the number once the call is answered.
alter table campaigns add column card jsonb;
-- The past as well: a column that may be null is so there.
update market_history set value = value || '{"card": null}' where value is not null and entity = 'campaign';

call keep_history_of('agents', 'agent');
call keep_history_of('teams', 'team');
create trigger agents_changed before insert or update or delete on agents for each row execute function tell_market_change('agent');
create trigger teams_changed  before insert or update or delete on teams  for each row execute function tell_market_change('team');

-- Who took the call first; and who was handed it, or rung for it in vain.
alter table calls add column agent_id text;
create index calls_by_agent on calls (agent_id, received_at desc, id desc) where agent_id is not null;

create table agent_calls (
  agent_id    text not null,
  -- Of the call, UTC epoch milliseconds.
  received_at bigint not null,
  call_id     text not null references calls (id) on delete cascade,
  answered    boolean not null,
  primary key (agent_id, received_at, call_id)
);
create index agent_calls_by_call on agent_calls (call_id);

-- What an agent said of the call. What it means for its money is a signal of its own.
create table call_dispositions (
  call_id  text not null references calls (id) on delete cascade,
  agent_id text not null,
  code     text not null check (length(code) between 1 and 64),
  -- May say anything of the caller: it goes when the call loses its person.
  note     text check (length(note) between 1 and 500),
  told_at  timestamptz(3) not null default now(),
  primary key (call_id, agent_id)
);
