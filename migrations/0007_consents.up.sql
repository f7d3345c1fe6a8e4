-- Proof of consent and of its revocation, and what the privacy of persons asks of the exchange.
--
-- What makes the proof is append-only and chained by hashes. What names the person lies beside it, sealed,
-- and may be removed: the chain holds its digest alone, and stands without it.

-- Which key seals: one that does not fit would make new rows that nobody can read with the old ones.
create table privacy_key (
  only_one    boolean primary key default true check (only_one),
  check_value bytea not null check (length(check_value) = 32),
  created_at  timestamptz not null default now()
);

-- A person is a number. Its row is what links the number to its records.
create table consent_subjects (
  id            bigint generated always as identity primary key,
  -- HMAC-SHA-256 of the number, to find it by.
  number_hash   bytea not null check (length(number_hash) = 32),
  number_sealed bytea not null,
  created_at    timestamptz not null default now(),
  -- The person asked for erasure, and the law says that the proof is kept for a time.
  erased_at     timestamptz
);
create unique index consent_subjects_by_number on consent_subjects (number_hash) where erased_at is null;
create index consent_subjects_erased on consent_subjects (number_hash) where erased_at is not null;

-- One chain for each seller, and one for consents that allow everybody.
create table consent_chains (
  name   text primary key,
  length bigint not null default 0 check (length >= 0),
  head   bytea not null default decode(repeat('00', 32), 'hex') check (length(head) = 32)
);

-- The words that were shown, once for each wording: they name nobody, and stay.
create table consent_disclosures (
  digest     bytea primary key check (length(digest) = 32),
  version    text not null,
  words      text not null,
  created_at timestamptz not null default now()
);
create trigger consent_disclosures_append_only before update or delete or truncate on consent_disclosures
  for each statement execute function refuse_change();

create sequence consent_record_ids;
create table consent_records (
  id             bigint primary key default nextval('consent_record_ids'),
  chain          text not null references consent_chains (name),
  position       bigint not null check (position > 0),
  kind           text not null check (kind in ('given', 'revoked')),
  -- No reference: the person's row goes, the proof stays.
  subject_id     bigint not null,
  revokes        bigint references consent_records (id),
  seller_id      text references accounts (id),
  campaign_id    text,
  scopes         text[] not null,
  -- UTC epoch milliseconds: of the person's act, of this record, of the end that was agreed.
  acted_at       bigint not null,
  recorded_at    bigint not null,
  expires_at     bigint,
  -- Of a revocation: from when on it was kept, how it was told, what it reached.
  honoured_at    bigint,
  method         text,
  covers         text check (covers in ('consent', 'all_calls')),
  disclosure     bytea references consent_disclosures (digest),
  details_digest bytea not null check (length(details_digest) = 32),
  prev_hash      bytea not null check (length(prev_hash) = 32),
  hash           bytea not null check (length(hash) = 32),
  -- By it a feed knows what it has not seen, in whatever order transactions end.
  tx             xid8 not null default pg_current_xact_id(),
  unique (chain, position),
  check ((kind = 'revoked') = (revokes is not null)),
  check ((kind = 'given') = (disclosure is not null)),
  check ((kind = 'revoked') = (honoured_at is not null and method is not null and covers is not null)),
  check (cardinality(scopes) > 0)
);
alter sequence consent_record_ids owned by consent_records.id;
create index consent_records_by_subject on consent_records (subject_id);
create index consent_records_by_consent on consent_records (revokes) where revokes is not null;
create index consent_records_ending on consent_records (expires_at) where expires_at is not null;
create index consent_records_revoked on consent_records (acted_at) where kind = 'revoked';
create index consent_records_by_tx on consent_records (tx, id);
create trigger consent_records_append_only before update or delete or truncate on consent_records
  for each statement execute function refuse_change();

-- Each record follows the one before it; the chain's head moves with it and by nothing else.
create function link_consents() returns trigger language plpgsql as $$
begin
  if exists (
    select 1 from added a
    left join consent_records p on p.chain = a.chain and p.position = a.position - 1
    where case when a.position = 1 then a.prev_hash <> decode(repeat('00', 32), 'hex')
               else p.hash is distinct from a.prev_hash end
  ) then
    raise exception 'a record must follow the last of its chain' using errcode = 'restrict_violation';
  end if;
  update consent_chains c set length = d.position, head = d.hash
  from (select distinct on (chain) chain, position, hash from added order by chain, position desc) d
  where c.name = d.chain;
  perform pg_notify('consents_changed', '');
  return null;
end $$;
create trigger consent_records_linked after insert on consent_records
  referencing new table as added for each statement execute function link_consents();

-- Depth 0: a statement of a client, not of the trigger above.
create function keep_chains() returns trigger language plpgsql as $$
begin
  raise exception 'a chain changes by records alone' using errcode = 'restrict_violation';
end $$;
create trigger consent_chains_kept before update on consent_chains
  for each statement when (pg_trigger_depth() = 0) execute function keep_chains();
create trigger consent_chains_stay before delete or truncate on consent_chains
  for each statement execute function refuse_change();
create function open_chain() returns trigger language plpgsql as $$
begin
  if new.length <> 0 or new.head <> decode(repeat('00', 32), 'hex') then
    raise exception 'a chain begins empty' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger consent_chains_open before insert on consent_chains
  for each row execute function open_chain();

-- The part of a record that may be removed: what is sealed in it names or describes the person.
create table consent_details (
  record_id          bigint primary key references consent_records (id),
  subject_id         bigint not null references consent_subjects (id),
  certificate_issuer text check (certificate_issuer in ('trustedform', 'jornaya', 'other')),
  certificate_id     text,
  sealed             bytea not null,
  -- Keyed hash of all that was said: the same row of a file is not taken twice.
  fingerprint        bytea unique check (length(fingerprint) = 32),
  check ((certificate_issuer is null) = (certificate_id is null))
);
create index consent_details_by_subject on consent_details (subject_id);
create trigger consent_details_stay before update or truncate on consent_details
  for each statement execute function refuse_change();

-- Records whose details are gone: nodes forget them. Rows are removed after a while.
create table consent_removals (
  record_id  bigint not null,
  removed_at timestamptz not null default now(),
  tx         xid8 not null default pg_current_xact_id()
);
create index consent_removals_by_tx on consent_removals (tx);

create function tell_details_removed() returns trigger language plpgsql as $$
begin
  insert into consent_removals (record_id) select record_id from removed;
  perform pg_notify('consents_changed', '');
  return null;
end $$;
create trigger consent_details_removed after delete on consent_details
  referencing old table as removed for each statement execute function tell_details_removed();
create function tell_subject_erased() returns trigger language plpgsql as $$
begin
  insert into consent_removals (record_id) select record_id from consent_details where subject_id = new.id;
  perform pg_notify('consents_changed', '');
  return null;
end $$;
create trigger consent_subjects_erased after update of erased_at on consent_subjects
  for each row when (new.erased_at is not null) execute function tell_subject_erased();

-- Persons who had everything erased, as keyed hashes of their numbers: so that what they said before is not
-- taken in again, and that who must not be called is not called.
create table privacy_suppressions (
  number_hash   bytea primary key check (length(number_hash) = 32),
  -- The number was on the internal do-not-call list.
  refuses_calls boolean not null,
  created_at    timestamptz not null default now(),
  -- UTC epoch milliseconds.
  ends_at       bigint not null,
  tx            xid8 not null default pg_current_xact_id()
);
create index privacy_suppressions_by_tx on privacy_suppressions (tx);
create function tell_suppressed() returns trigger language plpgsql as $$
begin
  new.tx := pg_current_xact_id();
  perform pg_notify('consents_changed', '');
  return new;
end $$;
create trigger privacy_suppressions_told before insert or update on privacy_suppressions
  for each row execute function tell_suppressed();

-- What was asked for by or for persons, who did it, and what it came to.
create table privacy_requests (
  id            bigint generated always as identity primary key,
  kind          text not null check (kind in ('export', 'erase')),
  subject_hash  bytea not null check (length(subject_hash) = 32),
  -- Until it is done.
  number_sealed bytea,
  requested_by  text not null check (length(requested_by) between 1 and 200),
  basis         text not null check (length(basis) between 1 and 500),
  status        text not null default 'waiting' check (status in ('waiting', 'running', 'done', 'failed')),
  tries         integer not null default 0,
  received_at   timestamptz not null default now(),
  started_at    timestamptz,
  completed_at  timestamptz,
  -- Rows by place that were told or changed; places where something is still held, with why.
  counts        jsonb not null default '{}',
  remaining     jsonb not null default '[]',
  failure       text,
  -- Of an export, for a few days.
  result_sealed bytea
);
create index privacy_requests_by_subject on privacy_requests (subject_hash, id);
create index privacy_requests_open on privacy_requests (id) where status in ('waiting', 'running');

-- Calls lose their person after a time, or when the person asks for it.
alter table calls add column anonymised_at timestamptz;
create index calls_by_caller on calls (caller) where caller is not null;
create index calls_to_anonymise on calls (received_at) where anonymised_at is null;
