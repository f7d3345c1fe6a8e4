import { createHash, randomBytes } from 'node:crypto';
import type { Queryable } from '../database';
import type { Vault } from '../privacy/vault';

const RECOVERY_CODES = 10;
/** Without letters and digits that look alike. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const CODE_LENGTH = 12;

const placeOf = (userId: string): string => `totp ${userId}`;

/** Keeps a secret until a code of it was right. */
export async function wantTotp(db: Queryable, vault: Vault, userId: string, secret: string): Promise<void> {
  await db.query('update users set totp_wanted = $2 where id = $1', [
    userId,
    vault.seal(secret, placeOf(userId)),
  ]);
}

/** The secret that a first code is waited for of. @throws VaultError */
export async function wantedTotp(db: Queryable, vault: Vault, userId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ sealed: Buffer | null }>(
    'select totp_wanted as sealed from users where id = $1',
    [userId],
  );
  const sealed = rows[0]?.sealed;
  return sealed ? vault.open(sealed, placeOf(userId)) : undefined;
}

/** Opens a secret that is in use. @throws VaultError */
export function openTotp(vault: Vault, userId: string, sealed: Buffer): string {
  return vault.open(sealed, placeOf(userId));
}

/**
 * The wanted secret is asked for from now on.
 * @param step - of the code that proved it, which is not taken again
 * @returns recovery codes, told this once
 */
export async function confirmTotp(tx: Queryable, userId: string, step: number): Promise<string[]> {
  await tx.query(
    `update users set totp_secret = totp_wanted, totp_wanted = null, totp_step = $2,
        version = version + 1, updated_at = now() where id = $1 and totp_wanted is not null`,
    [userId, step],
  );
  const codes = Array.from({ length: RECOVERY_CODES }, newCode);
  await tx.query('delete from user_recovery_codes where user_id = $1', [userId]);
  await tx.query('insert into user_recovery_codes (user_id, code_hash) select $1, unnest($2::bytea[])', [
    userId,
    codes.map((code) => hashOf(code)),
  ]);
  return codes;
}

/** Takes a code of a step of time, once. @returns false when that step, or a later one, was taken already */
export async function takeTotpStep(db: Queryable, userId: string, step: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `update users set totp_step = $2 where id = $1 and totp_secret is not null and (totp_step is null or totp_step < $2)`,
    [userId, step],
  );
  return rowCount === 1;
}

/** Takes a recovery code, once, however it is written. */
export async function takeRecoveryCode(db: Queryable, userId: string, code: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'update user_recovery_codes set used_at = now() where user_id = $1 and code_hash = $2 and used_at is null',
    [userId, hashOf(code)],
  );
  return rowCount === 1;
}

/** How many recovery codes are left. */
export async function recoveryCodesLeft(db: Queryable, userId: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    'select count(*) as n from user_recovery_codes where user_id = $1 and used_at is null',
    [userId],
  );
  return rows[0]?.n ?? 0;
}

/** No second factor is asked for any more. @returns false when none was */
export async function dropTotp(tx: Queryable, userId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update users set totp_secret = null, totp_wanted = null, version = version + 1, updated_at = now()
      where id = $1 and (totp_secret is not null or totp_wanted is not null)`,
    [userId],
  );
  await tx.query('delete from user_recovery_codes where user_id = $1', [userId]);
  return rowCount === 1;
}

/** `abcd-efgh-jkmn`: some 59 bits. */
function newCode(): string {
  let code = '';
  while (code.length < CODE_LENGTH) {
    for (const byte of randomBytes(CODE_LENGTH)) {
      // Bytes past the last whole alphabet would make its first letters likelier.
      if (byte < 256 - (256 % ALPHABET.length)) code += ALPHABET[byte % ALPHABET.length] ?? '';
    }
  }
  return (code.slice(0, CODE_LENGTH).match(/.{4}/g) ?? []).join('-');
}

function hashOf(code: string): Buffer {
  return createHash('sha256')
    .update(code.toLowerCase().replace(/[^a-z0-9]/g, ''), 'utf8')
    .digest();
}
