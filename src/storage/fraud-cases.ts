import type { FraudLevel, FraudTrace } from '../domain';
import { AppError } from '../domain';
import { hashId } from '../market';
import type { Queryable } from './database';
import type { FraudCall } from './fraud-sums';
import { sourcesOf } from './fraud-sums';
import type { ListedRow, ListedTable, ListQuery } from './list-statement';
import { listRows } from './list-statement';

export type FraudCaseState = 'open' | 'confirmed' | 'cleared';

/** A call that people should look at, or have looked at. */
export interface FraudCase {
  readonly callId: string;
  readonly state: FraudCaseState;
  readonly score: number;
  readonly level: Exclude<FraudLevel, 'allow'>;
  readonly reasons: readonly string[];
  readonly model: string;
  readonly caller: string | null;
  readonly dialled: string;
  readonly trunkId: string;
  readonly sellerId: string | null;
  readonly campaignId: string | null;
  /** UTC epoch milliseconds. */
  readonly receivedAt: number;
  readonly openedAt: Date;
  readonly resolvedBy: string | null;
  readonly resolvedAt: Date | null;
  readonly note: string | null;
}

/** Of which calls cases are opened: a share of each level, 0 … 1. */
export interface CasePolicy {
  readonly flag: number;
  readonly challenge: number;
  readonly block: number;
  /** Open cases, beyond which none is opened: nobody would look at them. */
  readonly most: number;
}

export const CASE_POLICY: CasePolicy = { flag: 0.1, challenge: 1, block: 1, most: 10_000 };

/** A call with what was thought of it. */
export interface ScoredCall extends FraudCall {
  readonly fraud: FraudTrace | null;
}

const COLUMNS = `call_id as "callId", state, score, level, reasons, model, caller, dialled, trunk_id as "trunkId",
  seller_id as "sellerId", campaign_id as "campaignId", received_at as "receivedAt", opened_at as "openedAt",
  resolved_by as "resolvedBy", resolved_at as "resolvedAt", note`;

const OPEN = {
  name: 'fraud-cases-open',
  text: `with opened as (
      insert into fraud_cases (call_id, score, level, reasons, model, caller, dialled, trunk_id, seller_id, campaign_id, received_at)
      select id, score, level, array(select json_array_elements_text(reasons)), model, caller, dialled, "trunkId", "sellerId",
        "campaignId", "receivedAt"
      from json_to_recordset($1::json) as r(id text, score double precision, level text, reasons json, model text, caller text,
        dialled text, "trunkId" text, "sellerId" text, "campaignId" text, "receivedAt" bigint)
      limit greatest(0, $2 - (select count(*) from fraud_cases where state = 'open'))
      on conflict (call_id) do nothing
      returning call_id, level, score, campaign_id),
    told as (
      insert into outbox (type, subject, payload, done_at)
      select 'fraud.case_opened', call_id,
        json_build_object('callId', call_id, 'level', level, 'score', score, 'campaignId', campaign_id), now()
      from opened on conflict (type, subject) do nothing)
    select call_id from opened`,
};

/**
 * Opens cases for calls that were flagged, challenged or blocked: the share of each that the policy
 * says, chosen by the call's id, the worst first. Opening one again changes nothing.
 *
 * @returns cases opened, and calls that there was no room for
 */
export async function openFraudCases(
  db: Queryable,
  calls: readonly ScoredCall[],
  policy: CasePolicy = CASE_POLICY,
): Promise<{ readonly opened: number; readonly passedOver: number }> {
  const chosen = calls
    .flatMap(({ fraud, ...call }) => {
      if (!fraud || fraud.level === 'allow' || shareOf(call.id) >= policy[fraud.level]) return [];
      const { score, level, reasons, model } = fraud;
      return [{ ...call, score, level, reasons, model }];
    })
    .sort((a, b) => b.score - a.score);
  if (chosen.length === 0) return { opened: 0, passedOver: 0 };
  const { rowCount } = await db.query({ ...OPEN, values: [JSON.stringify(chosen), policy.most] });
  const opened = rowCount ?? 0;
  return { opened, passedOver: chosen.length - opened };
}

/** 0 … 1, the same for the same call on every node. */
function shareOf(callId: string): number {
  return hashId(callId) / 2 ** 32;
}

const LISTED: ListedTable = {
  select: COLUMNS,
  from: 'fraud_cases',
  columns: {
    state: { column: 'state', kind: 'text' },
    level: { column: 'level', kind: 'text' },
    sellerId: { column: 'seller_id', kind: 'text' },
    campaignId: { column: 'campaign_id', kind: 'text' },
    trunkId: { column: 'trunk_id', kind: 'text' },
    model: { column: 'model', kind: 'text' },
    score: { column: 'score', kind: 'real' },
    receivedAt: { column: 'received_at', kind: 'number' },
    openedAt: { column: 'opened_at', kind: 'instant' },
  },
  tie: { column: 'call_id', kind: 'text', descending: true },
};

/** Cases of any order; see {@link ListQuery}. */
export function listFraudCases(db: Queryable, query: ListQuery): Promise<ListedRow<FraudCase>[]> {
  return listRows(db, LISTED, query);
}

export async function getFraudCase(db: Queryable, callId: string): Promise<FraudCase | undefined> {
  const { rows } = await db.query<FraudCase>({
    name: 'fraud-cases-get',
    text: `select ${COLUMNS} from fraud_cases where call_id = $1`,
    values: [callId],
  });
  return rows[0];
}

/** What a person found. */
export interface CaseResolution {
  readonly callId: string;
  /** `open` takes an earlier finding back. */
  readonly state: FraudCaseState;
  readonly by: string;
  readonly note: string | undefined;
}

/** The case as it was is locked first, so that of two findings at once each counts what the other left. */
const RESOLVE = {
  name: 'fraud-cases-resolve',
  text: `with before as (select call_id, state from fraud_cases where call_id = $1 for update),
    changed as (
      update fraud_cases c set state = $2, resolved_by = case when $2 = 'open' then null else $3 end,
        resolved_at = case when $2 = 'open' then null else now() end, note = coalesce($4, c.note), version = c.version + 1
      from before b where c.call_id = b.call_id returning c.*, b.state as was),
    told as (
      insert into fraud_priors as p (id, confirmed, cleared)
      select s.id, (c.state = 'confirmed')::int, (c.state = 'cleared')::int
      from changed c, unnest($5::text[]) as s(id) where c.state <> c.was
      on conflict (id) do update set
        confirmed = greatest(0, p.confirmed + excluded.confirmed - (select (was = 'confirmed')::int from changed)),
        cleared = greatest(0, p.cleared + excluded.cleared - (select (was = 'cleared')::int from changed)),
        version = p.version + 1)
    select ${COLUMNS} from changed`,
};

/**
 * Notes what a person found of a call. The sources of the call are told: what was confirmed speaks
 * against them, what was cleared for them. Finding the same again changes nothing but the note.
 *
 * @throws AppError `not_found`
 */
export async function resolveFraudCase(
  db: Queryable,
  { callId, state, by, note }: CaseResolution,
): Promise<FraudCase> {
  const known = await getFraudCase(db, callId);
  const missing = new AppError('not_found', 'fraud_case_not_found', `there is no case of call ${callId}`);
  if (!known) throw missing;
  const sources = sourcesOf({ ...known, caller: known.caller as FraudCall['caller'] });
  const { rows } = await db.query<FraudCase>({
    ...RESOLVE,
    values: [callId, state, by, note ?? null, sources],
  });
  if (!rows[0]) throw missing;
  return rows[0];
}
