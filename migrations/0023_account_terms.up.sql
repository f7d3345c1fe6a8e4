-- What the exchange charges parties besides the price of calls. Terms hold from an instant on, until the next
-- ones of the account; nothing is changed afterwards: what a call was charged by stays readable.
create table account_terms (
  id             bigint generated always as identity primary key,
  account_id     text not null references accounts (id),
  -- UTC epoch milliseconds. Of two from the same instant the later row holds.
  effective_from bigint not null check (effective_from >= 0),
  fees           jsonb not null check (jsonb_typeof(fees) = 'array'),
  taxes          jsonb not null check (jsonb_typeof(taxes) = 'array'),
  -- Why, for people.
  note           text check (length(note) between 1 and 500),
  -- Id of the API key that added them.
  created_by     text,
  created_at     timestamptz(3) not null default now()
);
create index account_terms_in_force on account_terms (account_id, effective_from desc, id desc);
create trigger account_terms_append_only before update or delete or truncate on account_terms
  for each statement execute function refuse_change();
