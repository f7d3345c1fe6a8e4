import { OPERATOR_ACCOUNT, allows } from '../../domain';
import type { Database } from '../../storage';
import { identifyApiKey, identifyPhoneSession, liveApiKeys, livePhoneTokens } from '../../storage';

/** Who watches: an agent sees its buyer, a key the buyers of its account, a key of the exchange all. */
export type Watcher =
  | { readonly kind: 'agent'; readonly agentId: string; readonly buyerId: string }
  | { readonly kind: 'account'; readonly accountId: string }
  | { readonly kind: 'operator' };

/** The scope that an API key needs. */
const SCOPE = 'presence:read';
const PHONE_TOKEN = 'dcep_';

/**
 * Who a token stands for: of a phone session, or an API key.
 * @throws the database's own error when it cannot be asked
 */
export async function whoConnects(database: Database, token: unknown): Promise<Watcher | undefined> {
  if (typeof token !== 'string' || token.length > 128) return undefined;
  if (token.startsWith(PHONE_TOKEN)) {
    const agent = await identifyPhoneSession(database, token);
    return agent && { kind: 'agent', agentId: agent.agentId, buyerId: agent.buyerId };
  }
  const key = await identifyApiKey(database, token);
  if (!key || !allows(key.scopes, SCOPE)) return undefined;
  return key.accountId === OPERATOR_ACCOUNT
    ? { kind: 'operator' }
    : { kind: 'account', accountId: key.accountId };
}

/**
 * Which of these tokens are good still. What they may see never changes.
 * @throws the database's own error when it cannot be asked
 */
export async function stillGood(database: Database, tokens: readonly string[]): Promise<Set<string>> {
  const ofPhones = tokens.filter((token) => token.startsWith(PHONE_TOKEN));
  const keys = tokens.filter((token) => !token.startsWith(PHONE_TOKEN));
  const [phones, known] = await Promise.all([
    ofPhones.length > 0 ? livePhoneTokens(database, ofPhones) : [],
    keys.length > 0 ? liveApiKeys(database, keys) : [],
  ]);
  return new Set([...phones, ...known]);
}
