import type { Config } from '../config';
import type { Database } from '../storage';
import { sharedSecret } from '../storage';

/** The key that hides callers from buyers and in what is stored of live bids: configured, or made once and shared. */
export async function rtbSecret(database: Database, config: Config): Promise<Buffer> {
  const { secret } = config.rtb;
  return secret === undefined ? sharedSecret(database, 'rtb') : Buffer.from(secret, 'utf8');
}
