-- Answers of POST requests that carried an Idempotency-Key, so that a repeat gets the same one.
create table api_idempotency (
  key          text not null,
  api_key_id   text not null,
  request_hash text not null,
  status       integer not null,
  body         jsonb not null,
  created_at   timestamptz not null default now(),
  primary key (api_key_id, key)
);
create index api_idempotency_by_age on api_idempotency (created_at);
