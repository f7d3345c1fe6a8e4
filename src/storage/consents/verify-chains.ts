import type { Database, Queryable } from '../database';
import type { Vault } from '../privacy/vault';
import { VaultError } from '../privacy/vault';
import type { SealedConsent } from './give-consents';
import { consentPlace } from './give-consents';
import type { ConsentDetails, ConsentRecord } from './record-hash';
import { FIRST_HASH, hashDetails, hashDisclosure, hashRecord } from './record-hash';

/** What a look through one chain came to. */
export type VerifiedChain =
  | {
      readonly chain: string;
      readonly ok: true;
      readonly records: number;
      /** Hash of the last record, in hexadecimal: whoever keeps it elsewhere can tell a chain that was made anew. */
      readonly head: string;
      /** Records whose removable part is there no more. */
      readonly erased: number;
    }
  | {
      readonly chain: string;
      readonly ok: false;
      /** The first that is wrong. */
      readonly position: number;
      readonly problem:
        | 'missing'
        | 'does_not_follow'
        | 'was_changed'
        | 'details_changed'
        /** The proof is of another person than the record says. */
        | 'another_person'
        | 'disclosure_changed'
        | 'head_differs';
    };

type Row = Omit<ConsentRecord, 'prevHash' | 'detailsDigest'> & {
  readonly prevHash: Buffer;
  readonly detailsDigest: Buffer;
  readonly hash: Buffer;
  readonly certificateIssuer: string | null;
  readonly certificateId: string | null;
  readonly sealed: Buffer | null;
  readonly numberSealed: Buffer | null;
  readonly version: string;
  readonly words: string;
};

const PAGE = 2_000;
const READ = {
  name: 'consents-verify',
  text: `select r.id, r.chain, r.position, r.kind, r.subject_id as "subjectId", r.revokes, r.seller_id as "sellerId",
      r.campaign_id as "campaignId", r.scopes, r.acted_at as "actedAt", r.recorded_at as "recordedAt",
      r.expires_at as "expiresAt", r.honoured_at as "honouredAt", r.method, r.covers, r.disclosure,
      r.details_digest as "detailsDigest", r.prev_hash as "prevHash", r.hash,
      d.certificate_issuer as "certificateIssuer", d.certificate_id as "certificateId", d.sealed,
      s.number_sealed as "numberSealed", w.version, w.words
    from consent_records r
    left join consent_details d on d.record_id = r.id
    left join consent_subjects s on s.id = r.subject_id
    left join consent_disclosures w on w.digest = r.disclosure
    where r.chain = $1 and r.position > $2 and r.position <= $3 order by r.position limit ${PAGE}`,
};

export interface VerifyOptions {
  /** With it the proof of each consent is opened, and must be of the person that the record names. */
  readonly vault?: Vault;
  /** Told how many records were looked at in all. */
  readonly onProgress?: (records: number) => void;
}

/**
 * Goes through every chain as it was at the start, record by record, and tells the first that is wrong of
 * each. The chains themselves need no key: hashes are over what is sealed.
 */
export async function verifyConsentChains(
  database: Database,
  { vault, onProgress }: VerifyOptions = {},
): Promise<VerifiedChain[]> {
  const { rows } = await database.query<{ name: string; length: number; head: Buffer }>(
    'select name, length, head from consent_chains order by name',
  );
  const verified: VerifiedChain[] = [];
  let done = 0;
  for (const chain of rows) {
    verified.push(
      await verifyChain(database, chain, vault, (records) => {
        done += records;
        onProgress?.(done);
      }),
    );
  }
  return verified;
}

async function verifyChain(
  db: Queryable,
  { name, length, head }: { name: string; length: number; head: Buffer },
  vault: Vault | undefined,
  onPage: (records: number) => void,
): Promise<VerifiedChain> {
  let last: Buffer = FIRST_HASH;
  let position = 0;
  let erased = 0;
  const wordings = new Map<string, boolean>();
  while (position < length) {
    const { rows } = await db.query<Row>({ ...READ, values: [name, position, length] });
    for (const row of rows) {
      position++;
      const problem = problemOf(row, position, last, wordings) ?? (vault && mixUpOf(row, vault));
      if (problem) return { chain: name, ok: false, position, problem };
      last = row.hash;
      if (row.sealed === null) erased++;
    }
    onPage(rows.length);
    if (rows.length === 0) return { chain: name, ok: false, position: position + 1, problem: 'missing' };
  }
  if (!last.equals(head)) return { chain: name, ok: false, position, problem: 'head_differs' };
  return { chain: name, ok: true, records: length, head: head.toString('hex'), erased };
}

function problemOf(
  row: Row,
  position: number,
  last: Buffer,
  wordings: Map<string, boolean>,
): Extract<VerifiedChain, { ok: false }>['problem'] | undefined {
  if (row.position !== position) return 'missing';
  if (!row.prevHash.equals(last)) return 'does_not_follow';
  if (!hashRecord(row).equals(row.hash)) return 'was_changed';
  if (row.sealed !== null && !hashDetails(row as ConsentDetails).equals(row.detailsDigest)) {
    return 'details_changed';
  }
  return wordsAreRight(row, wordings) ? undefined : 'disclosure_changed';
}

/** A wording is shared by many: it is hashed once. */
function wordsAreRight({ disclosure, version, words }: Row, wordings: Map<string, boolean>): boolean {
  if (disclosure === null) return true;
  const key = disclosure.toString('hex');
  let right = wordings.get(key);
  if (right === undefined) {
    right = hashDisclosure(version, words).equals(disclosure);
    wordings.set(key, right);
  }
  return right;
}

/** What is sealed of a consent names its person: nobody can exchange persons beside the chain. */
function mixUpOf({ id, kind, sealed, numberSealed }: Row, vault: Vault): 'another_person' | undefined {
  if (kind !== 'given' || sealed === null || numberSealed === null) return undefined;
  try {
    const { number } = JSON.parse(vault.open(sealed, consentPlace(id))) as SealedConsent;
    return vault.openNumber(numberSealed) === number ? undefined : 'another_person';
  } catch (error) {
    if (error instanceof VaultError) return 'another_person';
    throw error;
  }
}
