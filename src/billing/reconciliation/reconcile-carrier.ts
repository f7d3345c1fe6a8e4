import type { Currency, Micros } from '../../domain';
import { AppError } from '../../domain';
import type { Database, Queryable } from '../../storage';
import type { DocumentPeriod } from '../invoices/document';
import { requireCdrProfile } from './carrier-files';
import type { CdrProfile } from './cdr-profile';
import type { Candidate, Match } from './match-records';
import { matchClosest } from './match-records';
import type { BegunRun, FinishedRun } from './runs';
import { beginRun, carryOut, MAX_KEPT } from './runs';

export interface CarrierRun {
  readonly trunkId: string;
  /** Calls that began within it. */
  readonly period: DocumentPeriod;
  readonly requestedBy: string;
}

/** One side of a comparison. */
export interface SideTotals {
  readonly calls: number;
  readonly durationMs: number;
  readonly costMicros: Micros;
}

/** Both sides, and how they were matched. */
export interface CarrierTotals {
  readonly currency: Currency;
  readonly ours: SideTotals;
  readonly carrier: SideTotals;
  readonly matched: number;
  readonly byCallId: number;
  readonly byNumbers: number;
}

const FETCH = 5_000;
/** Matches that are written together, or more. */
const WRITE = 5_000;
/** Candidates that the calls to one number may have with each other: beyond, the tolerances are too wide. */
const MAX_CANDIDATES = 500_000;
/** From the INVITE to whatever the carrier takes for the beginning. */
const MAX_SETUP_MS = 3 * 3_600_000;

/**
 * Compares the answered legs of a trunk with the records of its carrier, and what it bills with what was
 * booked for it. Calls are matched by their SIP Call-ID where the carrier tells it; the others by the number
 * that was called, that of the caller where both know it, and how close beginning and duration are, one to
 * one. All that was imported for the trunk takes part.
 * @throws AppError `not_found` without a profile of the trunk; `unprocessable` when tolerances match too much
 */
export async function runCarrierReconciliation(database: Database, run: CarrierRun): Promise<FinishedRun> {
  await requireCdrProfile(database, run.trunkId);
  const begun = await beginRun(database, { kind: 'carrier', ...run });
  if (!begun) throw new Error('a reconciliation that somebody asked for was refused');
  return performCarrier(database, begun);
}

/** Carries out a run that was begun. @throws Error when it failed, which is noted */
export function performCarrier(database: Database, { id, trunkId, period }: BegunRun): Promise<FinishedRun> {
  return carryOut(database, id, async () => {
    if (trunkId === null) throw new Error(`reconciliation ${id} names no trunk`);
    const profile = await requireCdrProfile(database, trunkId);
    return database.transaction(async (tx) => {
      await collect(tx, trunkId, period, profile);
      const byCallId = await matchByCallId(tx);
      const byNumbers = await matchByNumbers(tx, profile);
      const differences = await keepFound(tx, id, period, profile);
      const totals: CarrierTotals = {
        currency: profile.currency,
        ours: await sideTotals(tx, 'our_calls', period),
        carrier: await sideTotals(tx, 'their_calls', period),
        matched: byCallId + byNumbers,
        byCallId,
        byNumbers,
      };
      return { totals, differences };
    });
  });
}

/** When somebody was rung, or a transfer was asked for, who answered then. */
const RUNG_AT = `(select max(r.at) from (
    select (a ->> 'startedAt')::numeric::bigint as at from jsonb_array_elements(coalesce(c.attempts, '[]')) a
    union all select (t ->> 'at')::numeric::bigint from jsonb_array_elements(coalesce(c.transfers, '[]')) t) r
  where r.at <= (m.leg ->> 'answeredAt')::bigint)`;

/**
 * Legs that were metered are there with their numbers. Of the others, which follow from the conversation, the number
 * of an outgoing one is in the target's address. `rungAt` is the setup of a leg that was metered.
 */
const OUR_SIDE: Readonly<
  Record<
    CdrProfile['direction'],
    { called: string; trunk: string; setup: string; rungAt: string; ref: string; calls: string }
  >
> = {
  inbound: {
    called: 'c.dialled',
    trunk: 'c.trunk_id',
    setup: 'c.received_at',
    rungAt: 'c.received_at',
    ref: 'c.sip_call_id',
    calls: 'c.trunk_id = $1',
  },
  outbound: {
    called: `'+' || regexp_replace(substring(c.sale #>> '{target,uri}' from '^[^:]+:([^@;]+)'), '[^0-9]', '', 'g')`,
    trunk: `c.sale #>> '{target,trunkId}'`,
    setup: 'coalesce(c.first_ring_at, c.received_at)',
    rungAt: `coalesce(${RUNG_AT}, c.first_ring_at, c.received_at)`,
    ref: 'null::text',
    calls: 'true',
  },
};

/** Both sides as tables of this transaction: what is in the period, and around it what may match that. */
async function collect(
  tx: Queryable,
  trunkId: string,
  period: DocumentPeriod,
  profile: CdrProfile,
): Promise<void> {
  const { called, trunk, setup, rungAt, ref, calls } = OUR_SIDE[profile.direction];
  const atAnswer = profile.timeOf === 'answer';
  const margin = profile.startToleranceMs;
  await tx.query(
    `create temp table our_calls (
       n integer generated always as identity primary key, call_id text not null, ref text, calling text, called text,
       started_at bigint not null, duration_ms bigint not null, cost bigint not null, matched integer) on commit drop`,
  );
  await tx.query(
    `create temp table their_calls (
       n integer generated always as identity primary key, file_id bigint not null, line integer not null, ref text, calling text,
       called text not null, started_at bigint not null, duration_ms bigint not null, cost bigint, matched integer) on commit drop`,
  );
  await tx.query(
    `insert into our_calls (call_id, ref, calling, called, started_at, duration_ms, cost)
     select call_id, ref, calling, called, started_at, duration_ms, cost from (
       select c.id as call_id, ${ref} as ref, c.caller as calling, leg.called, leg.duration_ms, leg.started_at,
         coalesce((
           select sum(l.amount) from (
             select s.lines from settlements s where s.call_id = c.id
             union all select r.lines from settlement_revisions r where r.call_id = c.id) booked
           cross join lateral jsonb_to_recordset(booked.lines) as l(kind text, "accountId" text, code text, amount bigint, currency text)
           join trunks t on t.id = $1
           where l.kind = 'carrier_cost' and l."accountId" = t.account_id and l.currency = $6
             and l.code = case leg.nth when 1 then $5 else $5 || '/' || leg.nth end), 0)::bigint as cost
       from calls c
       cross join lateral (
         select ${called} as called, 1 as nth, c.connected_ms as duration_ms,
           ${atAnswer ? 'c.answered_at' : setup} as started_at
         where c.carried is null and ${trunk} = $1 and c.answered_at is not null
         union all
         select m.leg ->> 'number', m.nth, (m.leg ->> 'durationMs')::bigint,
           ${atAnswer ? `(m.leg ->> 'answeredAt')::bigint` : rungAt}
         from (
           select x.leg, row_number() over (order by x.place) as nth
           from jsonb_array_elements(c.carried) with ordinality as x(leg, place)
           where x.leg ->> 'direction' = $5) m
         where m.leg ->> 'trunkId' = $1) leg
       where ${calls} and c.ended_at is not null
         and c.received_at >= $2::bigint - $4::bigint - ${MAX_SETUP_MS} and c.received_at < $3::bigint + $4::bigint) o
     where started_at >= $2::bigint - $4::bigint and started_at < $3::bigint + $4::bigint
     order by started_at, call_id`,
    [trunkId, period.from, period.to, margin, profile.direction, profile.currency],
  );
  await tx.query(
    `insert into their_calls (file_id, line, ref, calling, called, started_at, duration_ms, cost)
     select r.file_id, r.line, r.call_ref, r.calling, r.called, r.started_at, r.duration_ms, r.cost
     from carrier_cdr_files f join carrier_cdrs r on r.file_id = f.id
     where f.trunk_id = $1 and f.last_at >= $2::bigint - $4::bigint and f.first_at < $3::bigint + $4::bigint
       and r.started_at >= $2::bigint - $4::bigint and r.started_at < $3::bigint + $4::bigint
     order by r.started_at, r.file_id, r.line`,
    [trunkId, period.from, period.to, margin],
  );
  await tx.query('create index on our_calls (called, started_at)');
  await tx.query('create index on their_calls (called, started_at)');
  await tx.query('analyze our_calls');
  await tx.query('analyze their_calls');
}

/** The same Call-ID is the same call; of several with one, the first with the first. */
async function matchByCallId(tx: Queryable): Promise<number> {
  const { rowCount } = await tx.query(
    `with pairs as (
       select o.n as ours, t.n as theirs
       from (select n, ref, row_number() over (partition by ref order by n) as nth from our_calls where ref is not null) o
       join (select n, ref, row_number() over (partition by ref order by n) as nth from their_calls where ref is not null) t
         using (ref, nth)),
     told as (update our_calls o set matched = p.theirs from pairs p where o.n = p.ours)
     update their_calls t set matched = p.ours from pairs p where t.n = p.theirs`,
  );
  return rowCount ?? 0;
}

/** A number at a time, so that what is held in memory is the calls to one. */
async function matchByNumbers(tx: Queryable, profile: CdrProfile): Promise<number> {
  await tx.query(
    `declare candidates no scroll cursor for
     select o.called, o.n as ours, t.n as theirs,
       abs(o.started_at - t.started_at) + abs(o.duration_ms - t.duration_ms) as distance
     from our_calls o
     join their_calls t on t.called = o.called and t.started_at between o.started_at - $1::bigint and o.started_at + $1::bigint
     where o.matched is null and t.matched is null
       and abs(o.duration_ms - t.duration_ms) <= $2::bigint
       and (o.calling = t.calling or o.calling is null or t.calling is null)
     order by o.called, o.n, t.n`,
    [profile.startToleranceMs, profile.matchDurationMs],
  );
  let matched = 0;
  let number: string | undefined;
  let group: Candidate[] = [];
  let matches: Match[] = [];
  const match = (): void => {
    for (const found of matchClosest(group)) matches.push(found);
    group = [];
  };
  const write = async (): Promise<void> => {
    if (matches.length === 0) return;
    matched += matches.length;
    await tx.query({
      name: 'carrier-match',
      text: `with pairs as (select * from unnest($1::integer[], $2::integer[]) as p(ours, theirs)),
        told as (update our_calls o set matched = p.theirs from pairs p where o.n = p.ours)
        update their_calls t set matched = p.ours from pairs p where t.n = p.theirs`,
      values: [matches.map(({ ours }) => ours), matches.map(({ theirs }) => theirs)],
    });
    matches = [];
  };
  for (;;) {
    const { rows } = await tx.query<Candidate & { called: string }>(`fetch ${FETCH} from candidates`);
    for (const { called, ...candidate } of rows) {
      if (called !== number) {
        match();
        if (matches.length >= WRITE) await write();
      }
      number = called;
      group.push(candidate);
      if (group.length > MAX_CANDIDATES) {
        throw new AppError(
          'unprocessable',
          'too_many_candidates',
          `the calls to ${called} match each other in more than ${MAX_CANDIDATES} ways: narrow the tolerances of the profile`,
        );
      }
    }
    if (rows.length < FETCH) break;
  }
  match();
  await write();
  await tx.query('close candidates');
  return matched;
}

/** Stores what does not fit. What lies outside the period was there to be matched only. */
async function keepFound(
  tx: Queryable,
  runId: number,
  period: DocumentPeriod,
  profile: CdrProfile,
): Promise<number> {
  const { rows } = await tx.query<{ count: number }>(
    `with found as materialized (
     select * from (
       select 'missing_at_carrier' as kind, o.call_id, null::bigint as file_id, null::integer as line, o.started_at,
         'to ' || coalesce(o.called, 'nobody') || ', ' || round(o.duration_ms / 1000.0, 3) || ' s' as detail,
         jsonb_build_object('startedAt', o.started_at, 'durationMs', o.duration_ms, 'costMicros', o.cost) as expected,
         null::jsonb as found, o.cost as amount
       from our_calls o where o.matched is null
       union all
       select 'missing_at_us', null, t.file_id, t.line, t.started_at,
         'to ' || t.called || ', ' || round(t.duration_ms / 1000.0, 3) || ' s', null,
         jsonb_build_object('startedAt', t.started_at, 'durationMs', t.duration_ms, 'costMicros', t.cost), coalesce(t.cost, 0)
       from their_calls t where t.matched is null
       union all
       select 'duration_differs', o.call_id, t.file_id, t.line, o.started_at,
         'by ' || round((t.duration_ms - o.duration_ms) / 1000.0, 3) || ' s', jsonb_build_object('durationMs', o.duration_ms),
         jsonb_build_object('durationMs', t.duration_ms), abs(coalesce(t.cost, o.cost) - o.cost)
       from our_calls o join their_calls t on t.n = o.matched
       where abs(t.duration_ms - o.duration_ms) > $6::bigint
       union all
       select 'cost_differs', o.call_id, t.file_id, t.line, o.started_at,
         'by ' || round((t.cost - o.cost) / 1000000.0, 6) || ' ' || $5, jsonb_build_object('costMicros', o.cost),
         jsonb_build_object('costMicros', t.cost), abs(t.cost - o.cost)
       from our_calls o join their_calls t on t.n = o.matched
       where abs(t.cost - o.cost) > $7::bigint) d
     where d.started_at >= $2::bigint and d.started_at < $3::bigint),
     kept as (
       insert into reconciliation_differences
         (reconciliation_id, kind, call_id, file_id, line, detail, expected, found, amount, currency)
       select $1, kind, call_id, file_id, line, detail, coalesce(expected, 'null'), coalesce(found, 'null'), amount, $5
       from found order by started_at, kind, call_id, file_id, line limit $4)
     select count(*)::integer as count from found`,
    [
      runId,
      period.from,
      period.to,
      MAX_KEPT,
      profile.currency,
      profile.durationToleranceMs,
      profile.costToleranceMicros,
    ],
  );
  return rows[0]?.count ?? 0;
}

async function sideTotals(tx: Queryable, table: string, period: DocumentPeriod): Promise<SideTotals> {
  const { rows } = await tx.query<SideTotals>(
    `select count(*)::integer as calls, coalesce(sum(duration_ms), 0)::bigint as "durationMs",
       coalesce(sum(cost), 0)::bigint as "costMicros"
     from ${table} where started_at >= $1 and started_at < $2`,
    [period.from, period.to],
  );
  return rows[0] as SideTotals;
}
