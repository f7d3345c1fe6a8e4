import type { E164 } from '../../domain';
import type { Queryable } from '../database';
import type { Vault } from '../privacy/vault';

/**
 * The subjects of numbers, made where there are none, and kept from erasure until the transaction ends.
 * @param hashes - of distinct numbers, with each its number
 * @returns ids by hash in hexadecimal
 */
export async function takeSubjects(
  tx: Queryable,
  vault: Vault,
  hashes: ReadonlyMap<string, E164>,
): Promise<Map<string, number>> {
  // Always in one order, so that two writers cannot wait for each other.
  const sorted = [...hashes.keys()].sort();
  const bytes = sorted.map((hash) => Buffer.from(hash, 'hex'));
  const known = await lockSubjects(tx, bytes);
  const missing = sorted.filter((hash) => !known.has(hash));
  if (missing.length === 0) return known;
  await tx.query(
    `insert into consent_subjects (number_hash, number_sealed)
     select hash, sealed from unnest($1::bytea[], $2::bytea[]) as s(hash, sealed) order by hash
     on conflict (number_hash) where erased_at is null do nothing`,
    [
      missing.map((hash) => Buffer.from(hash, 'hex')),
      missing.map((hash) => vault.sealNumber(hashes.get(hash) as E164)),
    ],
  );
  return lockSubjects(tx, bytes);
}

async function lockSubjects(tx: Queryable, hashes: readonly Buffer[]): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ id: number; number_hash: Buffer }>({
    name: 'consents-lock-subjects',
    text: `select id, number_hash from consent_subjects
      where number_hash = any($1) and erased_at is null order by number_hash for share`,
    values: [hashes],
  });
  return new Map(rows.map(({ id, number_hash }) => [number_hash.toString('hex'), id]));
}
