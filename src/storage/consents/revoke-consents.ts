import type { E164 } from '../../domain';
import type { Queryable } from '../database';
import type { Vault } from '../privacy/vault';
import type { NewRecord } from './append-records';
import { appendRecords, lockChains } from './append-records';
import type { RevocationAct } from './consent-act';
import { CLOCK_SKEW_MS } from './consent-act';

export type RevokedConsents =
  | {
      readonly ok: true;
      /** Ids of the revocations, that of the consent asked for first. */
      readonly ids: readonly number[];
      /** The number is on the internal do-not-call list because of it. */
      readonly listed: boolean;
    }
  | { readonly ok: false; readonly reason: 'not_found' | 'erased' | 'in_the_future' | 'before_it_was_given' };

/** What is sealed of a revocation. */
export interface SealedRevocation {
  readonly words: string | undefined;
}

interface Standing {
  readonly id: number;
  readonly chain: string;
  readonly seller_id: string | null;
  readonly campaign_id: string | null;
  readonly scopes: string[];
}

/** Company lists are kept for five years (47 CFR 64.1200(d)(6)). */
const LISTED_YEARS = 5;

/**
 * Records that a person revoked a consent. When it covers all calls, every other consent of the number
 * that stands is revoked with it, and the number goes on the internal do-not-call list. To be run in a
 * transaction.
 * @param recordedAt - UTC epoch milliseconds
 */
export async function revokeConsents(
  tx: Queryable,
  vault: Vault,
  consentId: number,
  act: RevocationAct,
  recordedAt: number,
): Promise<RevokedConsents> {
  const revokedAt = act.revokedAt ?? recordedAt;
  const honouredAt = act.honouredAt ?? recordedAt;
  if (revokedAt > recordedAt + CLOCK_SKEW_MS || honouredAt > recordedAt + CLOCK_SKEW_MS) {
    return { ok: false, reason: 'in_the_future' };
  }
  const { rows } = await tx.query<{ subject_id: number; acted_at: number; number_sealed: Buffer | null }>(
    `select r.subject_id, r.acted_at, s.number_sealed from consent_records r
     left join consent_subjects s on s.id = r.subject_id and s.erased_at is null
     where r.id = $1 and r.kind = 'given'`,
    [consentId],
  );
  const [consent] = rows;
  if (!consent) return { ok: false, reason: 'not_found' };
  if (revokedAt < consent.acted_at) return { ok: false, reason: 'before_it_was_given' };
  // Kept from erasure until this is done.
  const { rowCount } = await tx.query(
    'select 1 from consent_subjects where id = $1 and erased_at is null for share',
    [consent.subject_id],
  );
  if (rowCount === 0 || !consent.number_sealed) return { ok: false, reason: 'erased' };
  const ids = await appendRevocations(tx, vault, {
    subjectId: consent.subject_id,
    consentIds: act.covers === 'consent' ? [consentId] : undefined,
    first: consentId,
    revokedAt,
    honouredAt,
    recordedAt,
    method: act.method,
    covers: act.covers,
    words: act.words,
  });
  if (act.covers === 'all_calls') {
    await listInternally(tx, vault.openNumber(consent.number_sealed), revokedAt);
  }
  return { ok: true, ids, listed: act.covers === 'all_calls' };
}

export interface Revocations {
  readonly subjectId: number;
  /** Undefined = all that stand. */
  readonly consentIds: readonly number[] | undefined;
  /** Revoked whether it stands or not, and told first. */
  readonly first?: number;
  readonly revokedAt: number;
  readonly honouredAt: number;
  readonly recordedAt: number;
  readonly method: RevocationAct['method'];
  readonly covers: RevocationAct['covers'];
  readonly words: string | undefined;
}

/** Adds revocations to the chains of their consents. @returns their ids */
export async function appendRevocations(tx: Queryable, vault: Vault, what: Revocations): Promise<number[]> {
  const standing = await standingConsents(tx, what);
  if (standing.length === 0) return [];
  const ends = await lockChains(
    tx,
    standing.map(({ chain }) => chain),
  );
  const sealed: SealedRevocation = { words: what.words };
  return appendRecords(
    tx,
    ends,
    standing.map((consent): NewRecord => ({
      chain: consent.chain,
      kind: 'revoked',
      subjectId: what.subjectId,
      revokes: consent.id,
      sellerId: consent.seller_id,
      campaignId: consent.campaign_id,
      scopes: consent.scopes,
      actedAt: what.revokedAt,
      recordedAt: what.recordedAt,
      expiresAt: null,
      honouredAt: what.honouredAt,
      method: what.method,
      covers: what.covers,
      disclosure: null,
      fingerprint: null,
      details: (id) => ({
        certificateIssuer: null,
        certificateId: null,
        sealed: vault.seal(JSON.stringify(sealed), revocationPlace(id)),
      }),
    })),
  );
}

/** What a revocation's words are sealed for. */
export function revocationPlace(id: number): string {
  return `revocation ${id}`;
}

async function standingConsents(tx: Queryable, what: Revocations): Promise<Standing[]> {
  const { rows } = await tx.query<Standing>(
    `select c.id, c.chain, c.seller_id, c.campaign_id, c.scopes from consent_records c
     where c.subject_id = $1 and c.kind = 'given' and ($2::bigint[] is null or c.id = any($2))
       and (c.id is not distinct from $3 or (
         (c.expires_at is null or c.expires_at > $4)
         and not exists (select 1 from consent_records r where r.revokes = c.id)))
     order by c.id is distinct from $3, c.id`,
    [what.subjectId, what.consentIds ?? null, what.first ?? null, what.revokedAt],
  );
  return rows;
}

async function listInternally(tx: Queryable, number: E164, since: number): Promise<void> {
  await tx.query(
    `insert into dnc_entries as d (id, number, source, expires_at) values ($1 || '/internal', $1, 'internal', $2)
     on conflict (number, source) do update set version = d.version + 1,
       expires_at = case when d.expires_at is null then null else greatest(d.expires_at, excluded.expires_at) end`,
    [number, yearsAfter(since, LISTED_YEARS)],
  );
}

/** The same day so many years later; the 29th of February is followed by the 1st of March. */
export function yearsAfter(instant: number, years: number): number {
  const date = new Date(instant);
  date.setUTCFullYear(date.getUTCFullYear() + years);
  return date.getTime();
}
