-- Money after the fact: disputes with what is brought forward in them, refunds of calls, adjustments.

-- How long an account may dispute a call; where nothing is said, the configuration says it.
create table dispute_windows (
  account_id text primary key references accounts (id),
  -- From the settlement; 0 = never.
  days       integer not null check (days between 0 and 365),
  -- Account of the API key that said so.
  updated_by text not null,
  updated_at timestamptz(3) not null default now()
);

-- The table of transitions, as the code has it.
create function dispute_may_become(was text, becomes text) returns boolean language sql immutable as $$
  select case was
    when 'open' then becomes in ('under_review', 'withdrawn')
    when 'under_review' then becomes in ('accepted', 'partly_accepted', 'rejected', 'withdrawn')
    else false
  end
$$;

create table disputes (
  seq         bigint generated always as identity unique,
  id          text primary key,
  call_id     text not null references settlements (call_id),
  -- Who says that something is wrong with the call.
  side        text not null check (side in ('buyer', 'seller', 'exchange')),
  account_id  text not null references accounts (id),
  state       text not null default 'open' check
    (state in ('open', 'under_review', 'accepted', 'partly_accepted', 'rejected', 'withdrawn')),
  reason      text not null check (reason in ('not_qualified', 'wrong_geo', 'duplicate', 'bad_audio', 'spam_or_fraud',
    'agent_error', 'billing_error', 'other')),
  currency    text not null check (currency ~ '^[A-Z]{3}$'),
  -- Micro-units: claimed, and given in the end.
  claimed     bigint not null check (claimed > 0),
  given       bigint check (given between 0 and claimed),
  -- Who bears what a buyer is given.
  bearer      text check (bearer in ('seller', 'exchange')),
  text        text not null check (length(text) between 1 and 4000),
  -- Of the one that opened it, and of the one that ended it: API key, and its account.
  opened_key  text not null,
  opened_by   text not null,
  opened_at   timestamptz(3) not null default now(),
  closed_key  text,
  closed_by   text,
  closed_at   timestamptz(3),
  note        text check (length(note) <= 4000),
  -- The revision of the call's money that it led to.
  revision    integer,
  version     integer not null default 1,
  constraint disputes_given check ((state in ('accepted', 'partly_accepted')) = (given is not null)),
  constraint disputes_partly check (state <> 'partly_accepted' or given < claimed),
  constraint disputes_closed check ((state in ('open', 'under_review')) = (closed_at is null)),
  constraint disputes_borne check (bearer is null or given is not null),
  constraint disputes_booked check (revision is null or given > 0)
);
create unique index disputes_open on disputes (call_id, side) where state in ('open', 'under_review');
create index disputes_by_call on disputes (call_id, seq);
create index disputes_by_account on disputes (account_id, seq desc);
create index disputes_by_state on disputes (state, seq desc);

create function keep_disputes() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'disputes stay' using errcode = 'restrict_violation';
  end if;
  if (old.id, old.call_id, old.side, old.account_id, old.reason, old.currency, old.claimed, old.text, old.opened_by,
      old.opened_key, old.opened_at) is distinct from (new.id, new.call_id, new.side, new.account_id, new.reason,
      new.currency, new.claimed, new.text, new.opened_by, new.opened_key, new.opened_at) then
    raise exception 'what a dispute claims stays as it was' using errcode = 'restrict_violation';
  end if;
  if new.state <> old.state and not dispute_may_become(old.state, new.state) then
    raise exception 'a dispute that is % does not become %', old.state, new.state using errcode = 'check_violation';
  end if;
  if new.state = old.state and old.closed_at is not null then
    raise exception 'a dispute that is over stays as it is' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger disputes_kept before update or delete on disputes for each row execute function keep_disputes();
create function open_disputes() returns trigger language plpgsql as $$
begin
  if new.state <> 'open' then
    raise exception 'a dispute begins open' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger disputes_stay before truncate on disputes for each statement execute function refuse_change();
create trigger disputes_begin before insert on disputes for each row execute function open_disputes();

-- Everything that befell a dispute.
create table dispute_events (
  id         bigint generated always as identity primary key,
  dispute_id text not null references disputes (id),
  -- revised: the money of the call changed while it was open.
  event      text not null check (event in ('opened', 'moved', 'revised')),
  was        text,
  state      text not null,
  amount     bigint,
  revision   integer,
  note       text check (length(note) <= 4000),
  by_key     text,
  by_account text,
  at         timestamptz(3) not null default now()
);
create index dispute_events_by_dispute on dispute_events (dispute_id, id);
create trigger dispute_events_append_only before update or delete or truncate on dispute_events
  for each statement execute function refuse_change();

-- What is brought forward; 0 is what the exchange knew of the call when the dispute was opened.
create table dispute_evidence (
  dispute_id text not null references disputes (id),
  n          integer not null check (n between 0 and 100),
  kind       text not null check (kind in ('snapshot', 'text', 'recording', 'call', 'file')),
  text       text check (length(text) <= 4000),
  -- Of a recording or a call: its id.
  reference  text check (length(reference) <= 200),
  file_name  text check (length(file_name) <= 255),
  sha256     bytea check (octet_length(sha256) = 32),
  content    jsonb check (octet_length(content::text) <= 300000),
  by_key     text,
  by_account text,
  at         timestamptz(3) not null default now(),
  primary key (dispute_id, n),
  constraint dispute_evidence_whole check (case kind
    when 'snapshot' then n = 0 and content is not null
    when 'text' then text is not null
    when 'file' then file_name is not null and sha256 is not null
    else reference is not null end)
);
create trigger dispute_evidence_append_only before update or delete or truncate on dispute_evidence
  for each statement execute function refuse_change();

-- What accounts would have to give back of their payouts if open disputes were accepted: not paid out yet.
create table disputed_payables (
  dispute_id text not null references disputes (id),
  account_id text not null references accounts (id),
  currency   text not null,
  amount     bigint not null check (amount > 0),
  primary key (dispute_id, account_id)
);
create index disputed_payables_by_account on disputed_payables (account_id, currency);

-- Calls that were given back, in whole or in part, without a dispute.
create table call_refunds (
  seq        bigint generated always as identity unique,
  id         text primary key,
  call_id    text not null references settlements (call_id),
  -- What whoever asked for it calls it: the same one is the same refund.
  reference  text not null check (length(reference) between 1 and 100),
  amount     bigint not null check (amount > 0),
  currency   text not null,
  bearer     text not null check (bearer in ('seller', 'exchange')),
  reason     text not null check (length(reason) between 1 and 500),
  revision   integer not null,
  by_key     text not null,
  by_account text not null,
  at         timestamptz(3) not null default now(),
  unique (call_id, reference)
);
create trigger call_refunds_append_only before update or delete or truncate on call_refunds
  for each statement execute function refuse_change();

-- Money that people move: given, taken back, put right. Large ones by two of them.
create table adjustments (
  seq            bigint generated always as identity unique,
  id             text primary key,
  kind           text not null check (kind in ('goodwill', 'clawback', 'correction', 'reversal')),
  -- What whoever asked for it calls it: the same one is the same adjustment.
  reference      text not null unique check (length(reference) between 1 and 100),
  -- The money goes from one to the other.
  from_account   text references accounts (id),
  from_purpose   text,
  to_account     text references accounts (id),
  to_purpose     text,
  -- Of a reversal: what is taken back.
  reverses_id    bigint references ledger_transactions (id),
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  amount         bigint not null check (amount > 0),
  reason         text not null check (length(reason) between 1 and 500),
  state          text not null check (state in ('prepared', 'posted', 'rejected')),
  -- API keys, and the accounts of those keys: who approves is not who prepared.
  prepared_key   text not null,
  prepared_by    text not null,
  prepared_at    timestamptz(3) not null default now(),
  resolved_key   text,
  resolved_by    text,
  resolved_at    timestamptz(3),
  note           text check (length(note) <= 500),
  transaction_id bigint unique references ledger_transactions (id),
  constraint adjustments_four_eyes check (state <> 'posted' or resolved_key is null or resolved_key <> prepared_key),
  constraint adjustments_posted check ((state = 'posted') = (transaction_id is not null)),
  constraint adjustments_resolved check
    ((resolved_key is null) = (resolved_at is null) and (state <> 'rejected' or resolved_at is not null)
      and (state <> 'prepared' or resolved_at is null)),
  constraint adjustments_moved check (case kind
    when 'reversal' then reverses_id is not null and from_account is null and to_account is null
    else reverses_id is null and from_account is not null and to_account is not null
      and from_purpose is not null and to_purpose is not null end)
);
create index adjustments_prepared on adjustments (seq) where state = 'prepared';
create index adjustments_by_from on adjustments (from_account, seq desc);
create index adjustments_by_to on adjustments (to_account, seq desc);
create unique index adjustments_reverse_once on adjustments (reverses_id) where state <> 'rejected';
