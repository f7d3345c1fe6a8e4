import type { RecordingConsent, RecordingEnd, RecordingKind, RecordingState, Waveform } from '../../domain';
import type { Queryable } from '../database';

/** A recording as the API shows it. Instants are UTC epoch milliseconds. */
export interface RecordingRow {
  readonly id: string;
  readonly callId: string;
  readonly kind: RecordingKind;
  readonly state: RecordingState;
  readonly campaignId: string | null;
  readonly sellerId: string | null;
  readonly buyerId: string | null;
  readonly targetId: string | null;
  readonly startedAt: number;
  readonly durationMs: number | null;
  readonly pausedMs: number | null;
  readonly lostMsCaller: number | null;
  readonly lostMsOther: number | null;
  readonly bytes: number | null;
  /** In hexadecimal digits. */
  readonly sha256: string | null;
  readonly lost: string | null;
  readonly encoding: RecordingEnd['encoding'];
  readonly eraseAfter: number;
  readonly legalHold: boolean;
  readonly erasedAt: number | null;
  readonly version: number;
}

/** What the exchange's own people see besides. */
export interface WholeRecordingRow extends RecordingRow {
  readonly nodeId: string;
  readonly consent: RecordingConsent;
  readonly keyId: string | null;
  readonly store: 'disk' | 's3' | null;
  readonly holdReason: string | null;
  readonly eraseReason: string | null;
}

/** What opens the audio of a recording that is kept. */
export interface SealedRow {
  readonly id: string;
  readonly nodeId: string;
  readonly encoding: RecordingEnd['encoding'];
  readonly bytes: number;
  readonly sha256: string;
  readonly keyId: string;
  readonly sealedKey: Buffer;
  readonly store: 'disk' | 's3';
  readonly object: string;
}

export interface RecordingFilter {
  readonly callId?: string | undefined;
  readonly campaignId?: string | undefined;
  readonly buyerId?: string | undefined;
  readonly kind?: RecordingKind | undefined;
  readonly state?: RecordingState | undefined;
  /** UTC epoch milliseconds: from inclusive, to exclusive. */
  readonly fromTime?: number | undefined;
  readonly toTime?: number | undefined;
  /** Of the last one of the page before. */
  readonly after?: { readonly startedAt: number; readonly id: string } | undefined;
  /** Account whose things alone are seen; undefined: the exchange's, which sees all. */
  readonly own?: string | undefined;
  readonly limit: number;
}

const SHARED = `id, call_id as "callId", kind, state, campaign_id as "campaignId", started_at as "startedAt",
  duration_ms as "durationMs", paused_ms as "pausedMs", lost_ms_caller as "lostMsCaller",
  lost_ms_other as "lostMsOther", bytes, encode(sha256, 'hex') as sha256, lost, encoding,
  erase_after as "eraseAfter", legal_hold as "legalHold", erased_at as "erasedAt", version`;
const WHOLE = `${SHARED}, seller_id as "sellerId", buyer_id as "buyerId", target_id as "targetId",
  node_id as "nodeId", consent, key_id as "keyId", store, hold_reason as "holdReason",
  erase_reason as "eraseReason"`;
/** Who sold a call is the seller's own to know, and who took it the buyer's. */
const SEEN = (
  own: string,
): string => `${SHARED}, case when seller_id = ${own} then seller_id end as "sellerId",
  case when buyer_account_id = ${own} then buyer_id end as "buyerId",
  case when buyer_account_id = ${own} then target_id end as "targetId"`;
/** The first wall; the second is row-level security (migration 0044). */
const OWN = (place: string): string =>
  `((buyer_account_id = ${place} and lets_listen(campaign_id, 'buyer'))
    or (seller_id = ${place} and lets_listen(campaign_id, 'seller')))`;

/** Newest first. */
export async function listRecordings(db: Queryable, filter: RecordingFilter): Promise<RecordingRow[]> {
  const { own } = filter;
  const values: unknown[] = own === undefined ? [] : [own];
  const conditions: string[] = own === undefined ? [] : [OWN('$1')];
  const add = (condition: (place: string) => string, value: unknown): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  add((p) => `call_id = ${p}`, filter.callId);
  add((p) => `campaign_id = ${p}`, filter.campaignId);
  // Of others' buyers nothing is found.
  add((p) => `buyer_id = ${p}${own === undefined ? '' : ' and buyer_account_id = $1'}`, filter.buyerId);
  add((p) => `kind = ${p}`, filter.kind);
  add((p) => `state = ${p}`, filter.state);
  add((p) => `started_at >= ${p}`, filter.fromTime);
  add((p) => `started_at < ${p}`, filter.toTime);
  if (filter.after) {
    values.push(filter.after.startedAt, filter.after.id);
    conditions.push(`(started_at, id) < ($${values.length - 1}, $${values.length})`);
  }
  values.push(filter.limit);
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
  const { rows } = await db.query<RecordingRow>(
    `select ${own === undefined ? WHOLE : SEEN('$1')} from recordings ${where}
     order by started_at desc, id desc limit $${values.length}`,
    values,
  );
  return rows;
}

/** Undefined where there is none, or not for who asks. */
export async function getRecording(
  db: Queryable,
  id: string,
  own: string | undefined,
): Promise<(RecordingRow & { readonly waveform: Waveform | null }) | undefined> {
  const { rows } = await db.query<RecordingRow & { readonly waveform: Waveform | null }>(
    `select ${own === undefined ? WHOLE : SEEN('$2')}, waveform from recordings
     where id = $1 ${own === undefined ? '' : `and ${OWN('$2')}`}`,
    own === undefined ? [id] : [id, own],
  );
  return rows[0];
}

const SEALED = `id, node_id as "nodeId", encoding, bytes, encode(sha256, 'hex') as sha256, key_id as "keyId",
  sealed_key as "sealedKey", store, object`;

/** For who reads audio; undefined where there is none. Whether somebody may hear it was asked before. */
export async function getSealed(db: Queryable, id: string): Promise<SealedRow | undefined> {
  const { rows } = await db.query<SealedRow>(
    `select ${SEALED} from recordings where id = $1 and state = 'saved'`,
    [id],
  );
  return rows[0];
}

/** What is kept, by id. @param after - id of the last one of the page before */
export async function listSealed(
  db: Queryable,
  after: string | undefined,
  limit: number,
): Promise<SealedRow[]> {
  const { rows } = await db.query<SealedRow>(
    `select ${SEALED} from recordings where state = 'saved' and ($1::text is null or id > $1) order by id limit $2`,
    [after ?? null, limit],
  );
  return rows;
}
