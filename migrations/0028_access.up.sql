-- People and programs that use the API: users and their sessions, OAuth 2 clients, and the keys that tokens are signed by.

-- An account with users stays of its type: their roles go by it.
alter table accounts add constraint accounts_typed unique (id, type);

-- What somebody of an account may be: the exchange's own people admins or auditors, others what their account is.
create function is_role_of(account_id text, account_type text, role text) returns boolean
  language sql immutable parallel safe as $$
  select case account_type when 'operator' then account_id = 'operator' and role in ('admin', 'auditor')
    else role = account_type end
$$;

create table users (
  id              text primary key,
  account_id      text not null,
  account_type    text not null,
  email           text not null unique check (email = lower(email) and length(email) between 3 and 254),
  name            text not null check (length(name) between 1 and 100),
  role            text not null,
  scopes          text[] not null default '{*}' check (cardinality(scopes) between 1 and 64),
  status          text not null default 'invited' check (status in ('invited', 'active', 'disabled')),
  -- argon2id, in PHC format.
  password_hash   text,
  -- Sealed by the vault for `totp <id>`; wanted until a code of it was right.
  totp_secret     bytea,
  totp_wanted     bytea,
  totp            boolean not null generated always as (totp_secret is not null) stored,
  -- Step of time of the last code that was taken: no code is taken twice (RFC 6238 §5.2).
  totp_step       bigint,
  last_sign_in_at timestamptz(3),
  -- When somebody last said that the password was forgotten; null once it was set.
  reset_asked_at  timestamptz(3),
  version         integer not null default 1,
  created_at      timestamptz(3) not null default now(),
  updated_at      timestamptz(3) not null default now(),
  foreign key (account_id, account_type) references accounts (id, type),
  constraint users_role check (is_role_of(account_id, account_type, role))
);
create index users_by_account on users (account_id, id);

create table user_recovery_codes (
  user_id   text not null references users (id) on delete cascade,
  -- SHA-256 of a random code.
  code_hash bytea not null check (octet_length(code_hash) = 32),
  used_at   timestamptz(3),
  primary key (user_id, code_hash)
);

-- Whom an OpenID provider knows a user as.
create table user_identities (
  provider  text not null,
  subject   text not null check (length(subject) between 1 and 255),
  user_id   text not null references users (id) on delete cascade,
  linked_at timestamptz(3) not null default now(),
  primary key (provider, subject)
);
create index user_identities_by_user on user_identities (user_id);

-- Invitations and resets: each user has one at most.
create table user_links (
  user_id    text primary key references users (id) on delete cascade,
  kind       text not null check (kind in ('invitation', 'reset')),
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null
);

-- A session is also the family of its refresh tokens.
create table user_sessions (
  id           text primary key,
  user_id      text not null references users (id) on delete cascade,
  address      text not null check (length(address) <= 64),
  device       text not null check (length(device) <= 200),
  created_at   timestamptz(3) not null default now(),
  -- Within some minutes.
  last_used_at timestamptz(3) not null default now(),
  expires_at   timestamptz(3) not null,
  -- Past which no refresh prolongs it.
  ends_at      timestamptz(3) not null,
  revoked_at   timestamptz(3),
  revoked_why  text
);
create index user_sessions_by_user on user_sessions (user_id) where revoked_at is null;
create index user_sessions_expired on user_sessions (expires_at);

create table refresh_tokens (
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  session_id text not null references user_sessions (id) on delete cascade,
  -- The token that this one was given for.
  follows    bytea,
  expires_at timestamptz(3) not null,
  used_at    timestamptz(3),
  -- Another was given in its place, because it seemed lost: whoever shows it has a copy.
  void       boolean not null default false
);
create index refresh_tokens_by_session on refresh_tokens (session_id);

-- OAuth 2 clients: programs that get tokens for their secret (RFC 6749 §4.4).
create table oauth_clients (
  id           text primary key,
  account_id   text not null,
  account_type text not null,
  name         text not null check (length(name) between 1 and 100),
  role         text not null,
  scopes       text[] not null check (cardinality(scopes) between 1 and 64),
  -- SHA-256 of a random secret, which is told once.
  secret_hash  bytea not null check (octet_length(secret_hash) = 32),
  created_by   text,
  created_at   timestamptz(3) not null default now(),
  last_used_at timestamptz(3),
  expires_at   timestamptz(3),
  revoked_at   timestamptz(3),
  foreign key (account_id, account_type) references accounts (id, type),
  constraint oauth_clients_role check (is_role_of(account_id, account_type, role))
);
create index oauth_clients_by_account on oauth_clients (account_id, id);

alter table api_keys
  -- Of keys of the exchange: admin where none is given. Other keys are what their account is.
  add column role text check (role in ('admin', 'auditor')),
  add column created_by text,
  -- Within some minutes.
  add column last_used_at timestamptz(3);
create index api_keys_by_account on api_keys (account_id, id);

-- RSA keys that access tokens are signed by; the private half sealed by the vault for `signing key <kid>`.
create table signing_keys (
  kid            text primary key,
  public_jwk     jsonb not null,
  private_sealed bytea not null,
  created_at     timestamptz(3) not null default now(),
  -- It is shown to those who verify before it signs.
  signs_from     timestamptz(3) not null,
  -- When the last token that it signed has expired; null while it signs.
  retires_at     timestamptz(3)
);
