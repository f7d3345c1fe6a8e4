import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Passwords } from '../api';
import type { Config } from '../config';
import type { Database } from '../storage';
import { recordStart } from './record-start';
import { countUsers, createUser, DEMO, findUserCandidate, setPassword } from '../storage';

export const FIRST_ADMIN = 'admin@localhost';

/** The first user, with the password that was made for it. */
export interface FirstAdmin {
  readonly email: string;
  readonly password: string;
}

/**
 * Where nobody can sign in yet, an admin is made, whose password lies in a file that its owner alone can read.
 * @returns undefined once the password is another one, or the file is gone
 */
export async function firstAdmin(
  database: Database,
  file: string,
  { access: { argon2 } }: Config,
): Promise<FirstAdmin | undefined> {
  const passwords = new Passwords(0, {
    memoryCost: argon2.memoryKib,
    timeCost: argon2.passes,
    parallelism: argon2.parallelism,
  });
  if ((await countUsers(database)) > 0) {
    const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    const found = kept === '' ? undefined : await findUserCandidate(database, FIRST_ADMIN);
    const right = found !== undefined && (await passwords.isRight(found.passwordHash, kept));
    return right ? { email: FIRST_ADMIN, password: kept } : undefined;
  }
  const password = randomBytes(18).toString('base64url');
  const hash = await passwords.hashOf(password);
  // In the file first: a password that nobody knows is no use.
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  await database.transaction(async (tx) => {
    const user = await createUser(tx, {
      accountId: DEMO.operatorId,
      email: FIRST_ADMIN,
      name: 'First admin',
    });
    await setPassword(tx, user.id, hash);
    await recordStart(tx, 'firstAdmin', { kind: 'users', id: user.id });
  });
  return { email: FIRST_ADMIN, password };
}
