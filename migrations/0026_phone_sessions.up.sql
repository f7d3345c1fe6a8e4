-- Agents who are signed in on the phone page.
create table phone_sessions (
  id         bigint generated always as identity primary key,
  -- SHA-256 of the token, which is told once and never stored.
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  agent_id   text not null references agents (id) on delete cascade,
  created_at timestamptz(3) not null default now(),
  -- Within some minutes.
  seen_at    timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null,
  revoked_at timestamptz(3)
);
create index phone_sessions_by_agent on phone_sessions (agent_id) where revoked_at is null;
create index phone_sessions_expired on phone_sessions (expires_at);
