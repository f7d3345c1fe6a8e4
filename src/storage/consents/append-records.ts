import type { Queryable } from '../database';
import type { ConsentDetails, ConsentRecord } from './record-hash';
import { FIRST_HASH, hashDetails, hashRecord } from './record-hash';

/** A record before it has its place in a chain. */
export interface NewRecord {
  readonly chain: string;
  readonly kind: 'given' | 'revoked';
  readonly subjectId: number;
  readonly revokes: number | null;
  readonly sellerId: string | null;
  readonly campaignId: string | null;
  readonly scopes: readonly string[];
  readonly actedAt: number;
  readonly recordedAt: number;
  readonly expiresAt: number | null;
  readonly honouredAt: number | null;
  readonly method: string | null;
  readonly covers: 'consent' | 'all_calls' | null;
  readonly disclosure: Buffer | null;
  readonly fingerprint: Buffer | null;
  /** The removable part, of a record with this id: its seal is bound to it. */
  readonly details: (id: number) => ConsentDetails;
}

/** Where chains end, while nobody else may add to them. */
class ChainEnds {
  readonly #ends: Map<string, { position: number; hash: Buffer }>;

  constructor(ends: Map<string, { position: number; hash: Buffer }>) {
    this.#ends = ends;
  }

  take(chain: string): { position: number; prevHash: Buffer } {
    const { position, hash } = this.#end(chain);
    return { position: position + 1, prevHash: hash };
  }

  put({ chain, position }: ConsentRecord, hash: Buffer): void {
    const end = this.#end(chain);
    end.position = position;
    end.hash = hash;
  }

  #end(chain: string): { position: number; hash: Buffer } {
    const end = this.#ends.get(chain);
    if (!end) throw new Error(`the chain ${chain} is not locked`);
    return end;
  }
}

/**
 * Locks chains until the transaction ends: whoever adds to one of them waits. Always in the order of
 * their names, so that two cannot wait for each other.
 */
export async function lockChains(tx: Queryable, chains: Iterable<string>): Promise<ChainEnds> {
  const names = [...new Set(chains)].sort();
  await tx.query(
    `insert into consent_chains (name) select name from unnest($1::text[]) as c(name) order by name
     on conflict do nothing`,
    [names],
  );
  const { rows } = await tx.query<{ name: string; length: number; head: Buffer }>(
    'select name, length, head from consent_chains where name = any($1) order by name for update',
    [names],
  );
  return new ChainEnds(
    new Map(
      rows.map(({ name, length, head }) => [
        name,
        { position: length, hash: length === 0 ? FIRST_HASH : head },
      ]),
    ),
  );
}

const INSERT_RECORDS = {
  name: 'consents-insert-records',
  text: `insert into consent_records (id, chain, position, kind, subject_id, revokes, seller_id, campaign_id, scopes,
      acted_at, recorded_at, expires_at, honoured_at, method, covers, disclosure, details_digest, prev_hash, hash)
    select id, chain, position, kind, subject_id, revokes, seller_id, campaign_id, scopes,
      acted_at, recorded_at, expires_at, honoured_at, method, covers, decode(disclosure, 'hex'),
      decode(details_digest, 'hex'), decode(prev_hash, 'hex'), decode(hash, 'hex')
    from json_to_recordset($1::json) as r(
      id bigint, chain text, position bigint, kind text, subject_id bigint, revokes bigint, seller_id text,
      campaign_id text, scopes text[], acted_at bigint, recorded_at bigint, expires_at bigint, honoured_at bigint,
      method text, covers text, disclosure text, details_digest text, prev_hash text, hash text)`,
};
const INSERT_DETAILS = {
  name: 'consents-insert-details',
  text: `insert into consent_details (record_id, subject_id, certificate_issuer, certificate_id, sealed, fingerprint)
    select record_id, subject_id, certificate_issuer, certificate_id, decode(sealed, 'hex'), decode(fingerprint, 'hex')
    from json_to_recordset($1::json) as d(
      record_id bigint, subject_id bigint, certificate_issuer text, certificate_id text, sealed text, fingerprint text)`,
};

/**
 * Adds records to chains that are locked.
 * @returns their ids, in the order given
 */
export async function appendRecords(
  tx: Queryable,
  ends: ChainEnds,
  records: readonly NewRecord[],
): Promise<number[]> {
  if (records.length === 0) return [];
  const { rows } = await tx.query<{ id: number }>({
    name: 'consents-ids',
    text: `select nextval('consent_record_ids') as id from generate_series(1, $1::integer)`,
    values: [records.length],
  });
  const ids = rows.map(({ id }) => id);
  const recordRows: unknown[] = [];
  const detailRows: unknown[] = [];
  records.forEach(({ details: detailsOf, fingerprint, ...given }, index) => {
    const id = ids[index] as number;
    const details = detailsOf(id);
    const record: ConsentRecord = {
      ...given,
      ...ends.take(given.chain),
      id,
      detailsDigest: hashDetails(details),
    };
    const hash = hashRecord(record);
    ends.put(record, hash);
    recordRows.push(recordRow(record, hash));
    detailRows.push({
      record_id: id,
      subject_id: given.subjectId,
      certificate_issuer: details.certificateIssuer,
      certificate_id: details.certificateId,
      sealed: details.sealed.toString('hex'),
      fingerprint: fingerprint?.toString('hex') ?? null,
    });
  });
  await tx.query({ ...INSERT_RECORDS, values: [JSON.stringify(recordRows)] });
  await tx.query({ ...INSERT_DETAILS, values: [JSON.stringify(detailRows)] });
  return ids;
}

function recordRow(record: ConsentRecord, hash: Buffer): unknown {
  return {
    id: record.id,
    chain: record.chain,
    position: record.position,
    kind: record.kind,
    subject_id: record.subjectId,
    revokes: record.revokes,
    seller_id: record.sellerId,
    campaign_id: record.campaignId,
    scopes: record.scopes,
    acted_at: record.actedAt,
    recorded_at: record.recordedAt,
    expires_at: record.expiresAt,
    honoured_at: record.honouredAt,
    method: record.method,
    covers: record.covers,
    disclosure: record.disclosure?.toString('hex') ?? null,
    details_digest: record.detailsDigest.toString('hex'),
    prev_hash: record.prevHash.toString('hex'),
    hash: hash.toString('hex'),
  };
}
