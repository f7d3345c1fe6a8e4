import { randomBytes } from 'node:crypto';
import type { Queryable } from './database';

const BYTES = 32;

/** The secret of that name, which every node shares: made by the first that asks. @throws Error when the database is away */
export async function sharedSecret(db: Queryable, name: string): Promise<Buffer> {
  await db.query('insert into rtb_secrets (name, secret) values ($1, $2) on conflict (name) do nothing', [
    name,
    randomBytes(BYTES),
  ]);
  const { rows } = await db.query<{ secret: Buffer }>('select secret from rtb_secrets where name = $1', [
    name,
  ]);
  return (rows[0] as { secret: Buffer }).secret;
}
