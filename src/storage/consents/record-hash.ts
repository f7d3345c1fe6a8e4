import { createHash } from 'node:crypto';

/** What a chain begins with. */
export const FIRST_HASH = Buffer.alloc(32);
/** The chain of consents that allow everybody. */
export const EVERYBODY = '*';

/** A record as it is hashed: everything but what a feed goes by. */
export interface ConsentRecord {
  readonly id: number;
  readonly chain: string;
  /** From 1. */
  readonly position: number;
  readonly kind: 'given' | 'revoked';
  readonly subjectId: number;
  /** Id of the consent that a revocation is about. */
  readonly revokes: number | null;
  readonly sellerId: string | null;
  readonly campaignId: string | null;
  readonly scopes: readonly string[];
  readonly actedAt: number;
  readonly recordedAt: number;
  readonly expiresAt: number | null;
  readonly honouredAt: number | null;
  readonly method: string | null;
  readonly covers: string | null;
  readonly disclosure: Buffer | null;
  readonly detailsDigest: Buffer;
  readonly prevHash: Buffer;
}

/** The part of a record that may be removed. */
export interface ConsentDetails {
  readonly certificateIssuer: string | null;
  readonly certificateId: string | null;
  readonly sealed: Buffer;
}

/**
 * SHA-256 of a record in its canonical form: a JSON array, in UTF-8, of a name of the form and the fields
 * in this order, instants in epoch milliseconds, digests in hexadecimal, null where there is none.
 */
export function hashRecord(record: ConsentRecord): Buffer {
  return digestOf([
    'dce consent 1',
    record.chain,
    record.position,
    record.id,
    record.kind,
    record.subjectId,
    record.revokes,
    record.sellerId,
    record.campaignId,
    record.scopes,
    record.actedAt,
    record.recordedAt,
    record.expiresAt,
    record.honouredAt,
    record.method,
    record.covers,
    record.disclosure?.toString('hex') ?? null,
    record.detailsDigest.toString('hex'),
    record.prevHash.toString('hex'),
  ]);
}

/**
 * Digest of the removable part. It is over the sealed text with its random nonce: once that is gone,
 * nobody finds out by trying what it was.
 */
export function hashDetails({ certificateIssuer, certificateId, sealed }: ConsentDetails): Buffer {
  return digestOf(['dce consent details 1', certificateIssuer, certificateId, sealed.toString('hex')]);
}

/** Digest of the words that were shown. */
export function hashDisclosure(version: string, words: string): Buffer {
  return digestOf(['dce consent disclosure 1', version, words]);
}

function digestOf(form: readonly unknown[]): Buffer {
  return createHash('sha256').update(JSON.stringify(form), 'utf8').digest();
}
