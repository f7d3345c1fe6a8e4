import type { Queryable } from './database';
import { sharedSecret } from './rtb-secret';

/** The key of phones' short-lived credentials, which every node shares: made by the first that asks. @throws Error when the database is away */
export async function phoneSecret(db: Queryable): Promise<Buffer> {
  return sharedSecret(db, 'phone');
}
