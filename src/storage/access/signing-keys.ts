import type { Queryable } from '../database';
import type { Vault } from '../privacy/vault';

/** A key that tokens are signed by, or were. JSON Web Keys (RFC 7517). */
export interface SigningKey {
  readonly kid: string;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  readonly privateSealed: Buffer;
  readonly createdAt: Date;
  readonly signsFrom: Date;
}

/** A key that was just made. */
export interface NewSigningKey {
  readonly kid: string;
  readonly publicJwk: object;
  readonly privateJwk: object;
}

const placeOf = (kid: string): string => `signing key ${kid}`;

/** Keys by which tokens may be signed that are good still, the latest first. */
export async function signingKeys(db: Queryable): Promise<SigningKey[]> {
  const { rows } = await db.query<SigningKey>({
    name: 'signing-keys',
    text: `select kid, public_jwk as "publicJwk", private_sealed as "privateSealed", created_at as "createdAt",
        signs_from as "signsFrom"
      from signing_keys where retires_at is null or retires_at > now() order by signs_from desc, kid`,
  });
  return rows;
}

/** @throws VaultError */
export function openSigningKey(vault: Vault, { kid, privateSealed }: SigningKey): Record<string, unknown> {
  return JSON.parse(vault.open(privateSealed, placeOf(kid))) as Record<string, unknown>;
}

export interface RotateOptions {
  /** A key that is younger than this is left, in milliseconds; 0 rotates whatever there is. */
  readonly unlessYoungerMs: number;
  /** Before it signs, it is shown for so long to those who verify, in milliseconds; the first key signs at once. */
  readonly shownMs: number;
  /** Past that, keys that it follows verify for so long, in milliseconds. */
  readonly verifyMs: number;
}

/**
 * Makes a key the one that signs, once for all nodes that think of it at the same time. Those before it verify
 * until the last token that they may have signed has expired; what has retired is forgotten.
 * @param make - a new key
 * @returns false when a key is there that is young enough
 */
export async function rotateSigningKey(
  tx: Queryable,
  vault: Vault,
  make: () => Promise<NewSigningKey>,
  { unlessYoungerMs, shownMs, verifyMs }: RotateOptions,
): Promise<boolean> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('dce signing keys'))`);
  const { rows } = await tx.query<{ young: boolean }>(
    `select coalesce(bool_or(created_at > now() - $1::bigint * interval '1 millisecond'), false) as young
      from signing_keys where retires_at is null`,
    [unlessYoungerMs],
  );
  if (rows[0]?.young) return false;
  const { kid, publicJwk, privateJwk } = await make();
  await tx.query('delete from signing_keys where retires_at < now()');
  await tx.query(
    `insert into signing_keys (kid, public_jwk, private_sealed, signs_from)
      select $1, $2, $3, now() + case when exists (select 1 from signing_keys where retires_at is null)
        then $4::bigint else 0 end * interval '1 millisecond'`,
    [kid, JSON.stringify(publicJwk), vault.seal(JSON.stringify(privateJwk), placeOf(kid)), shownMs],
  );
  await tx.query(
    `update signing_keys set retires_at = now() + $2::bigint * interval '1 millisecond'
      where kid <> $1 and retires_at is null`,
    [kid, shownMs + verifyMs],
  );
  return true;
}

/** Every key is forgotten: whatever they signed is good for nothing any more. */
export async function forgetSigningKeys(tx: Queryable): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('dce signing keys'))`);
  await tx.query('delete from signing_keys');
}
