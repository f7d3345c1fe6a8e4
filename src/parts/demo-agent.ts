import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Passwords } from '../api';
import type { Database } from '../storage';
import { DEMO, entityStores, findAgentSecret, putAgentSecret } from '../storage';

/** With what somebody who tries the exchange out signs in on the phone page. */
export interface DemoAgent {
  readonly username: string;
  readonly password: string;
}

/**
 * The password of the demo market's agent: the one in the file while it is good, else a new one for an
 * agent who has none. Undefined where there is no such agent, or somebody gave it another password.
 * @param realm - of SIP digests
 */
export async function demoAgent(
  database: Database,
  file: string,
  realm: string,
): Promise<DemoAgent | undefined> {
  const { id, username } = DEMO.agent;
  if ((await entityStores(database).agent.get(id))?.username !== username) return undefined;
  const passwords = new Passwords();
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  const secret = await findAgentSecret(database, id);
  if (secret) {
    const right = kept !== '' && (await passwords.isRight(secret.passwordHash, kept));
    return right ? { username, password: kept } : undefined;
  }
  const password = kept === '' ? randomBytes(12).toString('base64url') : kept;
  if (kept === '') writeFileSync(file, `${password}\n`, { mode: 0o600 });
  await putAgentSecret(database, id, await passwords.secretOf(username, realm, password), Date.now());
  return { username, password };
}
