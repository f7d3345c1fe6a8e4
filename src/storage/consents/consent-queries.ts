import type { Consent, E164 } from '../../domain';
import type { Queryable } from '../database';
import type { Vault } from '../privacy/vault';
import { consentPlace } from './give-consents';
import type { SealedConsent } from './give-consents';
import { revocationPlace } from './revoke-consents';
import type { SealedRevocation } from './revoke-consents';

/** A revocation with all its proof. */
export interface StoredRevocation {
  readonly id: string;
  /** UTC epoch milliseconds, as all instants here. */
  readonly revokedAt: number;
  readonly recordedAt: number;
  readonly honouredAt: number;
  readonly method: string;
  readonly covers: string;
  /** Null when there are none, or they were erased. */
  readonly words: string | null;
  readonly chain: ChainPlace;
}

export interface ChainPlace {
  readonly name: string;
  readonly position: number;
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
}

/** A consent with all its proof; what names the person is null once it was erased. */
export interface StoredConsent {
  readonly id: string;
  readonly number: E164 | null;
  readonly sellerId: string | null;
  readonly campaignId: string | null;
  readonly scopes: readonly string[];
  readonly givenAt: number;
  readonly recordedAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly disclosure: { readonly version: string; readonly text: string };
  readonly certificate:
    | (NonNullable<Consent['certificate']> & {
        readonly claimedBy?: string | undefined;
        readonly expiresAt?: number | undefined;
      })
    | null;
  readonly proof: Omit<SealedConsent, 'certificate' | 'number'> | null;
  readonly revocations: readonly StoredRevocation[];
  readonly chain: ChainPlace;
}

interface Row {
  readonly id: number;
  readonly chain: string;
  readonly position: number;
  readonly hash: Buffer;
  readonly kind: 'given' | 'revoked';
  readonly revokes: number | null;
  readonly seller_id: string | null;
  readonly campaign_id: string | null;
  readonly scopes: string[];
  readonly acted_at: number;
  readonly recorded_at: number;
  readonly expires_at: number | null;
  readonly honoured_at: number | null;
  readonly method: string | null;
  readonly covers: string | null;
  readonly version: string | null;
  readonly words: string | null;
  readonly certificate_issuer: NonNullable<Consent['certificate']>['issuer'] | null;
  readonly certificate_id: string | null;
  readonly sealed: Buffer | null;
  readonly number_sealed: Buffer | null;
}

const SELECT = `select r.id, r.chain, r.position, r.hash, r.kind, r.revokes, r.seller_id, r.campaign_id, r.scopes,
    r.acted_at, r.recorded_at, r.expires_at, r.honoured_at, r.method, r.covers, w.version, w.words,
    d.certificate_issuer, d.certificate_id, d.sealed, s.number_sealed
  from consent_records r
  left join consent_disclosures w on w.digest = r.disclosure
  left join consent_details d on d.record_id = r.id
  left join consent_subjects s on s.id = d.subject_id`;

/** One consent; undefined when there is none. @throws VaultError */
export async function getConsent(
  db: Queryable,
  vault: Vault,
  id: number,
): Promise<StoredConsent | undefined> {
  const { rows } = await db.query<Row>(
    `${SELECT} where (r.id = $1 and r.kind = 'given') or r.revokes = $1 order by r.id`,
    [id],
  );
  return assemble(vault, rows)[0];
}

/**
 * The consents of a number, newest first.
 * @param erased - those as well that are kept as proof after an erasure
 * @throws VaultError
 */
export async function consentsOf(
  db: Queryable,
  vault: Vault,
  number: E164,
  erased = false,
): Promise<StoredConsent[]> {
  const { rows } = await db.query<Row>(
    `${SELECT} where r.subject_id in
      (select id from consent_subjects where number_hash = $1 and (erased_at is null or $2)) order by r.id`,
    [vault.hashNumber(number), erased],
  );
  return assemble(vault, rows).sort((a, b) => b.givenAt - a.givenAt || Number(b.id) - Number(a.id));
}

function assemble(vault: Vault, rows: readonly Row[]): StoredConsent[] {
  return rows
    .filter((row) => row.kind === 'given')
    .map((row) => {
      const revocations = rows
        .filter((other) => other.revokes === row.id)
        .map((other) => toRevocation(vault, other));
      return toConsent(vault, row, revocations);
    });
}

function toConsent(vault: Vault, row: Row, revocations: readonly StoredRevocation[]): StoredConsent {
  const sealed = row.sealed && (JSON.parse(vault.open(row.sealed, consentPlace(row.id))) as SealedConsent);
  const { certificate, number: _number, ...proof } = sealed ?? {};
  return {
    id: String(row.id),
    number: row.number_sealed && vault.openNumber(row.number_sealed),
    sellerId: row.seller_id,
    campaignId: row.campaign_id,
    scopes: row.scopes,
    givenAt: row.acted_at,
    recordedAt: row.recorded_at,
    expiresAt: row.expires_at,
    revokedAt: revocations.length > 0 ? Math.min(...revocations.map((one) => one.revokedAt)) : null,
    disclosure: { version: row.version ?? '', text: row.words ?? '' },
    certificate:
      row.certificate_issuer === null
        ? null
        : { issuer: row.certificate_issuer, id: row.certificate_id ?? '', ...certificate },
    proof: sealed ? (proof as Omit<SealedConsent, 'certificate' | 'number'>) : null,
    revocations,
    chain: placeOf(row),
  };
}

function toRevocation(vault: Vault, row: Row): StoredRevocation {
  const sealed =
    row.sealed && (JSON.parse(vault.open(row.sealed, revocationPlace(row.id))) as SealedRevocation);
  return {
    id: String(row.id),
    revokedAt: row.acted_at,
    recordedAt: row.recorded_at,
    honouredAt: row.honoured_at ?? row.recorded_at,
    method: row.method ?? 'other',
    covers: row.covers ?? 'consent',
    words: sealed?.words ?? null,
    chain: placeOf(row),
  };
}

function placeOf({ chain, position, hash }: Row): ChainPlace {
  return { name: chain, position, hash: hash.toString('hex') };
}
